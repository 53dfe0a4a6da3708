"""The nf-core module, without Nextflow: its two scripts are run, and must make its outputs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "docs" / "pipelines" / "nf-core" / "llmbinfast" / "run"
TEXT = (MODULE / "main.nf").read_text()


def outputs() -> dict[str, tuple[str, bool]]:
    """What each channel takes, and whether it may be empty."""
    lines = TEXT[TEXT.index("output:") : TEXT.index("when:")].splitlines()
    found = {}
    for line in lines:
        if path := re.search(r'path\("(.+?)"\)', line):
            found[re.search(r"emit: (\w+)", line)[1]] = (path[1], "optional: true" in line)  # type: ignore[index]
    return found


def script(section: str, following: str | None) -> str:
    """The text between three quotation marks, as Groovy leaves it before values are put in."""
    begin = TEXT.index(f"    {section}:")
    body = TEXT[begin : TEXT.index(f"    {following}:") if following else None]
    return body.split('"""')[1].replace("\\\\", "\\").replace("\\$", "$")


def run(text: str, values: dict[str, str], folder: Path) -> None:
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text, "a value that the test does not know"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def values(tmp_path: Path) -> dict[str, str]:
    rng = np.random.default_rng(3)
    contigs = {"k1": 6000, "k2": 5000, "short": 300}
    with open(tmp_path / "contigs.fa", "w") as handle:
        for name, size in contigs.items():
            handle.write(f">{name}\n{''.join(rng.choice(list('ACGT'), size))}\n")
    (tmp_path / "depth.txt").write_text("contigname\tS1\nk1\t5\nk2\t90\nshort\t1\n")
    return {
        "fasta": "contigs.fa",
        "bam_input": "",
        "depth_input": "--depth depth.txt",
        "prefix": "MEGAHIT-llmbin-S1",
        "task.cpus": "1",
        "memory": f"--max-memory {2 << 30}",
        "args": "--min-bin-size 4000 --markers off --format bioboxes",
    }


@pytest.mark.parametrize(("section", "following"), [("script", "stub"), ("stub", None)])
def test_scripts_make_all_outputs(
    section: str, following: str | None, values: dict[str, str], tmp_path: Path
) -> None:
    run(script(section, following), values, tmp_path)
    for channel, (pattern, optional) in outputs().items():
        found = list(tmp_path.glob(pattern.replace("${prefix}", values["prefix"])))
        may_lack = optional and section == "stub" and channel == "bioboxes"
        assert bool(found) != may_lack, channel
    assert "fasta" in outputs()


def test_bins_are_called_as_the_pipelines_renaming_wants_them(
    values: dict[str, str], tmp_path: Path
) -> None:
    """`([_[:alnum:]]+).fa` behind assembler, binner and sample, in nf-core/mag's DAS Tool step."""
    run(script("script", "stub"), values, tmp_path)
    for path in (tmp_path / values["prefix"] / "bins").iterdir():
        assert re.fullmatch(rf"{values['prefix']}\.\w+\.fa\.gz", path.name)


def test_the_description_names_the_channels() -> None:
    yaml = pytest.importorskip("yaml")
    meta = yaml.safe_load((MODULE / "meta.yml").read_text())
    described = {
        name: next(key for key in channel[0][1])
        for name, channel in meta["output"].items()
        if not name.startswith("versions")
    }
    assert described == {name: pattern for name, (pattern, _) in outputs().items()}
    assert [next(iter(part)) for part in meta["input"][0]] == ["meta", "fasta", "bam", "depth"]
