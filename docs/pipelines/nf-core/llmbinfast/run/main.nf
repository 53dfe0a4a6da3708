process LLMBINFAST_RUN {
    tag "${meta.id}"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    // The tag of the build stands behind the version once the recipe is in Bioconda.
    container "${workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.singularity_pull_docker_container
        ? 'https://depot.galaxyproject.org/singularity/llmbin-fast:0.13.0'
        : 'quay.io/biocontainers/llmbin-fast:0.13.0'}"

    input:
    tuple val(meta), path(fasta), path(bam, stageAs: "bam/*"), path(depth)

    output:
    tuple val(meta), path("${prefix}/bins/*.fa.gz"), optional: true, emit: fasta
    tuple val(meta), path("${prefix}/*unbinned.fa.gz"), optional: true, emit: unbinned
    tuple val(meta), path("${prefix}/contig2bin.tsv"), emit: contig2bin
    tuple val(meta), path("${prefix}/bins.tsv"), emit: bins
    tuple val(meta), path("${prefix}/contigs.tsv"), emit: contigs
    tuple val(meta), path("${prefix}/binning.bioboxes.tsv"), optional: true, emit: bioboxes
    tuple val(meta), path("${prefix}/report.html"), optional: true, emit: report
    tuple val(meta), path("${prefix}/*_mqc.json"), optional: true, emit: multiqc
    tuple val(meta), path("${prefix}/run.json"), emit: json
    tuple val(meta), path("${prefix}/llmbin.log"), emit: log
    tuple val("${task.process}"), val('llmbin-fast'), eval("llmbin-fast --version | sed 's/.* //'"), emit: versions_llmbinfast, topic: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    def bam_input = bam ? "--bam ${bam}" : ''
    def depth_input = depth ? "--depth ${depth}" : ''
    def memory = task.memory ? "--max-memory ${task.memory.toBytes()}" : ''
    """
    llmbin-fast run \\
        ${fasta} \\
        ${bam_input} \\
        ${depth_input} \\
        --outdir ${prefix} \\
        --prefix ${prefix} \\
        --bin-extension fa.gz \\
        --threads ${task.cpus} \\
        ${memory} \\
        ${args}
    """

    stub:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo "${args}"
    mkdir -p ${prefix}/bins
    echo "" | gzip > ${prefix}/bins/${prefix}.0001.fa.gz
    echo "" | gzip > ${prefix}/bins/${prefix}.0002.fa.gz
    echo "" | gzip > ${prefix}/${prefix}.unbinned.fa.gz
    touch ${prefix}/contig2bin.tsv
    touch ${prefix}/bins.tsv
    touch ${prefix}/contigs.tsv
    touch ${prefix}/report.html
    touch ${prefix}/${prefix}.llmbin_general_mqc.json
    touch ${prefix}/run.json
    touch ${prefix}/llmbin.log
    """
}
