# Depth, bins, their quality, and one page for all assemblies.


rule measure_depth:
    input:
        alignments,
    output:
        "results/{assembly}/depth.txt.gz",
    log:
        "logs/{assembly}/depth.log",
    conda:
        "../envs/llmbin-fast.yaml"
    threads: 8
    resources:
        mem_mb=more_memory,
    shell:
        "llmbin-fast depth {input:q} -o {output} --threads {threads} 2> {log}"


rule find_features:
    input:
        contigs,
    output:
        temp("results/{assembly}/parts/{part}.arrow"),
    log:
        "logs/{assembly}/features_{part}.log",
    conda:
        "../envs/llmbin-fast.yaml"
    threads: 4
    resources:
        mem_mb=more_memory,
    params:
        parts=config["parts"],
        more=config["features"],
    shell:
        "llmbin-fast features {input:q} --part {wildcards.part}/{params.parts} -o {output}"
        " --threads {threads} {params.more} 2> {log}"


rule bin_contigs:
    input:
        contigs=contigs,
        depth="results/{assembly}/depth.txt.gz",
        features=features,
    output:
        directory("results/{assembly}/run"),
    log:
        "logs/{assembly}/run.log",
    conda:
        "../envs/llmbin-fast.yaml"
    threads: 8
    resources:
        mem_mb=more_memory,
    params:
        features="--features" if config["parts"] > 1 else "",
        more=f"{config['features']} {config['run']}",
    shell:
        "llmbin-fast run {input.contigs:q} --depth {input.depth} {params.features}"
        " {input.features} -o {output} --prefix {wildcards.assembly} --bin-extension fa.gz --threads {threads}"
        " --max-memory {resources.mem_mb}M {params.more} 2> {log}"


rule judge_bins:
    input:
        "results/{assembly}/run",
    output:
        table="results/{assembly}/quality.tsv",
        genome_info="results/{assembly}/genome_info.csv",
    log:
        "logs/{assembly}/quality.log",
    conda:
        "../envs/llmbin-fast.yaml"
    threads: 8
    resources:
        mem_mb=more_memory,
    shell:
        "llmbin-fast quality {input}/bins -o {output.table} --genome-info {output.genome_info}"
        " --threads {threads} 2> {log}"


rule join_reports:
    input:
        expand("results/{assembly}/run", assembly=ASSEMBLIES),
    output:
        "results/multiqc.html",
    log:
        "logs/multiqc.log",
    conda:
        "../envs/multiqc.yaml"
    shell:
        "multiqc --force --no-data-dir --filename {output} {input} > {log} 2>&1"
