"""Run llmbin-fast in a folder of its own, and put what is asked for in its place."""

__author__ = "The llmbin-fast developers"
__copyright__ = "Copyright 2026, The llmbin-fast developers"
__license__ = "Apache-2.0"

import shlex
import shutil
import tempfile
from pathlib import Path

from snakemake.shell import shell

PLACES = {
    "bins": "bins",
    "contig2bin": "contig2bin.tsv",
    "table": "bins.tsv",
    "contigs": "contigs.tsv",
    "bioboxes": "binning.bioboxes.tsv",
    "report": "report.html",
    "record": "run.json",
}

log = snakemake.log_fmt_shell(stdout=True, stderr=True)
extra = snakemake.params.get("extra", "")
prefix = snakemake.params.get("prefix", "bin")
extension = snakemake.params.get("extension", "fna.gz")

wanted = dict(snakemake.output.items())

given = []
for name in ("bam", "depth"):
    if files := snakemake.input.get(name):
        given += [f"--{name}", *map(shlex.quote, [files] if isinstance(files, str) else files)]
if "bioboxes" in wanted:
    given.append("--format bioboxes")
if "report" not in wanted:
    given.append("--no-report")
if "unbinned" not in wanted:
    given.append("--no-unbinned")
if memory := snakemake.resources.get("mem_mb"):
    given.append(f"--max-memory {memory}M")

with tempfile.TemporaryDirectory(dir=Path(snakemake.output[0]).parent) as folder:
    shell(
        "llmbin-fast run {snakemake.input.contigs:q} {given} --outdir {folder:q}/run"
        " --prefix {prefix} --bin-extension {extension} --threads {snakemake.threads}"
        " {extra} {log}"
    )
    for name, place in wanted.items():
        if name == "unbinned":
            (source,) = Path(folder, "run").glob(f"*unbinned.{extension}")
        else:
            source = Path(folder, "run", PLACES[name])
        shutil.move(source, place)
