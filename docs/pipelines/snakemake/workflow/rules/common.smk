# The tables of the configuration, and what rules ask of them.

import pandas as pd
from snakemake.utils import validate


def table(key, index):
    """A table of the configuration by its first column, all of it text; names come once."""
    path = config[key]
    rows = pd.read_csv(path, sep="\t", dtype=str, comment="#").fillna("")
    validate(rows, f"../schemas/{key}.schema.yaml")
    twice = rows[index][rows[index].duplicated()]
    if len(twice):
        raise ValueError(f"{path}: {index} {twice.iloc[0]} is there twice")
    return rows.set_index(index)


validate(config, "../schemas/config.schema.yaml")
SAMPLES = table("samples", "sample")
ASSEMBLIES = table("assemblies", "assembly")["contigs"].to_dict()

if unknown := sorted(set(SAMPLES["assembly"]) - set(ASSEMBLIES)):
    raise ValueError(f"{config['samples']}: assembly {unknown[0]} is not in {config['assemblies']}")
if config["mapper"] == "bwa-mem2" and (SAMPLES["platform"] != "short").any():
    raise ValueError("mapper: bwa-mem2 is for short reads alone; minimap2 maps long ones too")


wildcard_constraints:
    assembly="[A-Za-z0-9_-]+",
    sample="[A-Za-z0-9_-]+",


def contigs(wildcards):
    return ASSEMBLIES[wildcards.assembly]


def reads(wildcards):
    row = SAMPLES.loc[wildcards.sample]
    return [path for path in (row["reads1"], row["reads2"]) if path]


def alignments(wildcards):
    """The BAM files of an assembly: of all samples, or of its own."""
    names = SAMPLES.index
    if config["map"] == "own":
        names = names[SAMPLES["assembly"] == wildcards.assembly]
    return expand("results/{{assembly}}/mapped/{sample}.bam", sample=names)


def preset(wildcards):
    """What minimap2 is told about reads of a platform."""
    platform = SAMPLES.loc[wildcards.sample, "platform"]
    return {"short": "sr", "ont": "map-ont", "hifi": "map-hifi"}[platform]


def more_memory(wildcards, attempt):
    """Twice as much with every try: status 137 says that it was too little."""
    return config["memory"] * 2 ** (attempt - 1)


def sort_memory(wildcards, threads, resources):
    """Megabytes of a thread of samtools sort: half of the job's for all of them."""
    return max(resources.mem_mb // (2 * threads), 50)
