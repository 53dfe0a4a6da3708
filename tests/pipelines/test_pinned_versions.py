"""What is pinned for pipelines is the version that this is."""

from __future__ import annotations

import re
from pathlib import Path

from llmbin import __version__

ROOT = Path(__file__).parents[2]
PINS = {
    "nf-core/llmbinfast/run/environment.yml": r"bioconda::llmbin-fast=(\S+)",
    "nf-core/llmbinfast/run/main.nf": r"llmbin-fast:([\d.]+)",
    "galaxy/llmbin_fast.xml": r'name="@TOOL_VERSION@">([^<]+)<',
    "snakemake/workflow/envs/llmbin-fast.yaml": r"llmbin-fast =(\S+)",
    "snakemake/wrappers/llmbin-fast/run/environment.yaml": r"llmbin-fast =(\S+)",
}


def test_pins_are_of_this_version() -> None:
    found = {
        name: set(re.findall(pattern, (ROOT / "docs" / "pipelines" / name).read_text()))
        for name, pattern in PINS.items()
    }
    assert found == {name: {__version__} for name in PINS}
