# Reads to sorted BAM files, one an assembly and sample.

if config["mapper"] == "minimap2":

    rule map_reads:
        input:
            contigs=contigs,
            reads=reads,
        output:
            temp("results/{assembly}/mapped/{sample}.bam"),
        log:
            "logs/{assembly}/map_{sample}.log",
        conda:
            "../envs/mapping.yaml"
        threads: 8
        resources:
            mem_mb=more_memory,
        params:
            preset=preset,
            sort=sort_memory,
        shell:
            "(minimap2 -ax {params.preset} -t {threads} {input.contigs:q} {input.reads:q}"
            " | samtools sort -@ {threads} -m {params.sort}M -T {output}.part -o {output} -) 2> {log}"

else:

    rule index_contigs:
        input:
            contigs,
        output:
            temp(
                multiext(
                    "results/{assembly}/index/c", ".0123", ".amb", ".ann", ".bwt.2bit.64", ".pac"
                )
            ),
        log:
            "logs/{assembly}/index.log",
        conda:
            "../envs/mapping.yaml"
        resources:
            mem_mb=more_memory,
        params:
            prefix=lambda wildcards, output: output[0].removesuffix(".0123"),
        shell:
            "bwa-mem2 index -p {params.prefix} {input:q} > {log} 2>&1"

    rule map_reads:
        input:
            index=rules.index_contigs.output,
            reads=reads,
        output:
            temp("results/{assembly}/mapped/{sample}.bam"),
        log:
            "logs/{assembly}/map_{sample}.log",
        conda:
            "../envs/mapping.yaml"
        threads: 8
        resources:
            mem_mb=more_memory,
        params:
            prefix=lambda wildcards, input: input.index[0].removesuffix(".0123"),
            sort=sort_memory,
        shell:
            "(bwa-mem2 mem -t {threads} {params.prefix} {input.reads:q}"
            " | samtools sort -@ {threads} -m {params.sort}M -T {output}.part -o {output} -) 2> {log}"
