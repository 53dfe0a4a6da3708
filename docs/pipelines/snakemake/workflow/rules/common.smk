# The tables of the configuration, and what rules ask of them.

import csv

from snakemake.utils import validate


def table(key, index):
    """Rows of a table of the configuration by its first column, all of it text; names come once."""
    path, rows = config[key], {}
    with open(path, encoding="utf-8-sig", newline="") as handle:
        lines = (line for line in handle if line.strip() and not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter="\t", restval=""):
            if None in row:
                raise ValueError(f"{path}: {row[index]} has more columns than there are titles")
            row = {title.strip(): text.strip() for title, text in row.items()}
            validate(row, f"../schemas/{key}.schema.yaml")
            if row[index] in rows:
                raise ValueError(f"{path}: {index} {row[index]} is there twice")
            rows[row[index]] = row
    return rows


validate(config, "../schemas/config.schema.yaml")
SAMPLES = table("samples", "sample")
ASSEMBLIES = {name: row["contigs"] for name, row in table("assemblies", "assembly").items()}

for row in SAMPLES.values():
    if row["assembly"] not in ASSEMBLIES:
        raise ValueError(
            f"{config['samples']}: assembly {row['assembly']} is not in {config['assemblies']}"
        )
    if config["mapper"] == "bwa-mem2" and row["platform"] != "short":
        raise ValueError("mapper: bwa-mem2 is for short reads alone; minimap2 maps long ones too")
for name in ASSEMBLIES:
    if not any(config["map"] == "all" or row["assembly"] == name for row in SAMPLES.values()):
        raise ValueError(f"{config['samples']}: no sample is mapped to assembly {name}")


wildcard_constraints:
    assembly="[A-Za-z0-9_-]+",
    sample="[A-Za-z0-9_-]+",
    part="[0-9]+",


def contigs(wildcards):
    return ASSEMBLIES[wildcards.assembly]


def reads(wildcards):
    row = SAMPLES[wildcards.sample]
    return [path for path in (row["reads1"], row.get("reads2")) if path]


def alignments(wildcards):
    """The BAM files of an assembly: of all samples, or of its own."""
    own = config["map"] == "own"
    names = [
        name
        for name, row in SAMPLES.items()
        if not own or row["assembly"] == wildcards.assembly
    ]
    return expand("results/{{assembly}}/mapped/{sample}.bam", sample=names)


def features(wildcards):
    """Files of the features of an assembly's parts; none where it is looked at in one go."""
    parts = range(1, config["parts"] + 1) if config["parts"] > 1 else []
    return expand("results/{{assembly}}/parts/{part}.arrow", part=parts)


def preset(wildcards):
    """What minimap2 is told about reads of a platform."""
    platform = SAMPLES[wildcards.sample]["platform"]
    return {"short": "sr", "ont": "map-ont", "hifi": "map-hifi"}[platform]


def more_memory(wildcards, attempt):
    """Twice as much with every try: status 137 says that it was too little."""
    return config["memory"] * 2 ** (attempt - 1)


def sort_memory(wildcards, threads, resources):
    """Megabytes of a thread of samtools sort: half of the job's for all of them."""
    return max(resources.mem_mb // (2 * threads), 50)
