"""Real metagenomes that public repositories hold, as folders for bench.real.

python -m bench.real_data work/real [--only infant-gut f1rt]

Needs git alone. Each file is that of one commit, and is checked by its sha256, as what is made of
it is. Nothing of it is part of this project. A folder holds contigs.fasta, contigs of 1,000 bases
or more; depth.tsv, as the source has it, and depth.txt, the same as MetaBAT's table; gold.tsv where
there is a truth; and bins/BINNER.tsv, bins that the source holds of other binners. Variances in
depth.txt are as large as the depths: MetaBAT2 wants some, and the sources have none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .repositories import Snapshot

SHORTEST = 1_000
GOLD = "@Version:0.9.1\n@SampleID:real\n@@SEQUENCEID\tBINID\t_LENGTH\n"
SOURCES = Path(__file__).parent / "real_data.json"
Bins = dict[str, str]


@dataclass(frozen=True)
class Metagenome:
    """Sequences, depths in each sample, the genome of contigs, and bins by binner, by contig."""

    contigs: dict[str, str]
    depths: dict[str, list[float]] = field(default_factory=dict)
    genomes: Bins = field(default_factory=dict)
    bins: dict[str, Bins] = field(default_factory=dict)


class Source:
    """Files of one commit of a public repository."""

    def __init__(self, name: str, work: Path) -> None:
        self.about = json.loads(SOURCES.read_text())[name]
        self._snapshot = Snapshot(self.about["repository"], self.about["commit"], work / name)

    def paths(self, folder: str) -> list[str]:
        """Files whose checksums are known, below a folder."""
        return [path for path in self.about["files"] if path.startswith(folder)]

    def text(self, path: str) -> str:
        """A file, checked if its checksum is known."""
        data = self._snapshot.data(path)
        check(path, data, self.about["files"].get(path))
        return data.decode(errors="replace")  # what is made of it is checked


def check(what: str, data: bytes, expected: str | None) -> None:
    """Stop if the data are not those that results were made with."""
    found = hashlib.sha256(data).hexdigest()
    if expected is not None and found != expected:
        sys.exit(f"{what}: sha256 is {found}, {expected} was expected")


def sequences(text: str) -> dict[str, str]:
    """Name -> sequence of FASTA."""
    out: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(">"):
            lines = out.setdefault(line[1:].split()[0], [])
        else:
            lines.append(line.strip())
    return {name: "".join(lines).upper() for name, lines in out.items()}


def rows(text: str) -> Iterable[list[str]]:
    return (line.split() for line in text.splitlines() if line.strip())


def infant_gut(source: Source) -> Metagenome:
    """Gut of a premature infant, 11 samples (Sharon et al. 2013); example of BinSanity.

    The source has log10(depth + 1). One contig was missing where results were made.
    """
    table = source.text("example/Infant_gut_assembly.cov.x100.lognorm")
    depths = {name: [10 ** float(x) - 1 for x in logs] for name, *logs in rows(table)}
    contigs = sequences(source.text("example/igm.fa"))
    contigs.pop("Day17a_QCcontig3141", None)
    return Metagenome(contigs, depths)


def f1rt(source: Source) -> Metagenome:
    """Consortium F1RT (Wu et al. 2022), 1 sample: five of its nine genomes.

    They are its authors' MAGs, two of them with isolates as references. The other four are in files
    that were not to be had where results were made. Depths are of windows of 500 bases.
    """
    windows = source.text("Data_4BinningBenckmarking/F1RT_depth_mean_rawdepth_500bp.xls")
    depths = {name: [sum(map(float, w)) / len(w)] for name, *w in rows(windows)}
    contigs, genomes = {}, {}
    for path in source.paths("MAGs/"):
        found = sequences(source.text(path))
        contigs |= found
        genomes |= dict.fromkeys(found, Path(path).stem)
    return Metagenome(contigs, depths, genomes)


def maxbin_example(source: Source) -> Metagenome:
    """Three bins of MaxBin 2, 1 sample; its example in KBase. Depths are SPAdes's, of k-mers."""
    contigs: dict[str, str] = {}
    bins: Bins = {}
    for path in source.paths("test/data/MaxBin_Result_Sample/"):
        found = sequences(source.text(path))
        contigs |= found
        bins |= dict.fromkeys(found, Path(path).name)
    depths = {name: [float(name.rsplit("_", 1)[1])] for name in contigs}
    return Metagenome(contigs, depths, bins={"MaxBin 2": bins})


def refiner_gut(source: Source) -> Metagenome:
    """Human gut, no depths: contigs of bins of CONCOCT, MetaBAT and MyCC; Binning_refiner's."""
    contigs: dict[str, str] = {}
    bins: dict[str, Bins] = {}
    for path in source.paths("examples/input_bin_folder/"):
        binner, name = path.split("/")[2:]
        found = sequences(source.text(path))
        contigs |= found
        bins.setdefault(binner, {}).update(dict.fromkeys(found, name))
    return Metagenome(contigs, bins=bins)


MAKERS: dict[str, Callable[[Source], Metagenome]] = {
    "infant-gut": infant_gut,
    "f1rt": f1rt,
    "maxbin-example": maxbin_example,
    "refiner-gut": refiner_gut,
}


def lines_of(bins: Mapping[str, str]) -> str:
    return "".join(f"{contig}\t{name}\n" for contig, name in sorted(bins.items()))


def files_of(data: Metagenome) -> dict[str, str]:
    """Content of each file of the folder."""
    contigs = {n: s for n, s in sorted(data.contigs.items()) if len(s) >= SHORTEST}
    out = {"contigs.fasta": "".join(f">{name}\n{bases}\n" for name, bases in contigs.items())}
    if data.depths:
        samples = [f"S{i + 1}" for i in range(len(data.depths[next(iter(contigs))]))]
        table = {n: [f"{x:.4f}" for x in data.depths[n]] for n in contigs}
        out["depth.tsv"] = "".join(
            "\t".join(row) + "\n"
            for row in [["contig", *samples], *([n, *depth] for n, depth in table.items())]
        )
        titles = [title for s in samples for title in (f"{s}.bam", f"{s}.bam-var")]
        out["depth.txt"] = "\t".join(["contigName", "contigLen", "totalAvgDepth", *titles]) + "\n"
        for name, depth in table.items():
            twice = [x for pair in zip(depth, depth, strict=True) for x in pair]
            total = f"{sum(map(float, depth)):.4f}"
            out["depth.txt"] += "\t".join([name, str(len(contigs[name])), total, *twice]) + "\n"
    if data.genomes:
        out["gold.tsv"] = (
            "@Version:0.9.1\n@SampleID:real\n@@SEQUENCEID\tBINID\t_LENGTH\n"
            + "".join(
                f"{name}\t{data.genomes[name]}\t{len(bases)}\n" for name, bases in contigs.items()
            )
        )
    for binner, bins in sorted(data.bins.items()):
        out[f"bins/{binner}.tsv"] = lines_of({c: b for c, b in bins.items() if c in contigs})
    return out


def write(name: str, data: Metagenome, folder: Path) -> None:
    """Write the folder; stop before if its content is not that of the committed results."""
    expected = json.loads(SOURCES.read_text())[name]["made"]
    files = files_of(data)
    for file, content in files.items():
        check(f"{name}/{file}", content.encode(), expected.get(file))
    for file, content in files.items():
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=list(MAKERS), choices=list(MAKERS))
    options = parser.parse_args()
    for name in options.only:
        with tempfile.TemporaryDirectory() as work:
            write(name, MAKERS[name](Source(name, Path(work))), options.folder)
        print(f"{name}: {options.folder / name}")


if __name__ == "__main__":
    main()
