from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from llmbin.cli import build_parser
from llmbin.commands import run as run_command
from llmbin.options import ModelOptions, RunOptions
from llmbin.report.command import command_of
from llmbin.results.record import parameters


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(Path("c.fa"), Path("out")),
        RunOptions(
            Path("my contigs;rm -rf.fa"),
            Path("-out"),
            bams=[Path("a b.bam"), Path("$(c).bam")],
            samples=["gut 1", "'2'"],
            model=ModelOptions(device="cuda:1", windows=3, seed=7),
            min_length=2000,
            recruit_length=900,
            min_identity=0.9,
            separator="C",
            markers="off",
            prefix="mag_{}",
            formats=["bioboxes"],
            sample_id="x",
        ),
        RunOptions(  # as of a round of `watch`
            Path("in/c.fa"),
            Path("out/runs/0001"),
            bams=[Path("in/s/1.bam"), Path("in/s/2.bam")],
            samples=["s", "s"],
            model=ModelOptions(seed=None),
            pool=True,
            cache=Path("out/cache"),
        ),
        RunOptions(Path("c.fa"), Path("out"), model=ModelOptions(seed=0), unbinned=False),
        RunOptions(  # what looks like options
            Path("c.fa"),
            Path("out"),
            model=ModelOptions(model="-m"),
            separator="-x",
            sample_id="--pool",
            cache=Path("./-c"),
            features=[Path("./-1.arrow"), Path("2.arrow")],
        ),
    ],
)
def test_the_command_does_the_same_again(
    options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RunOptions] = []
    monkeypatch.setattr("llmbin.pipeline.run", asked.append)
    words = shlex.split(command_of({"parameters": parameters(options)}))
    assert words[0] == "llmbin-fast"
    run_command.run(build_parser().parse_args(words[1:]))
    wanted, found = parameters(options), parameters(asked[0])
    assert {**found, "threads": 1} == {**wanted, "threads": 1}


def test_a_record_may_name_its_command_or_none() -> None:
    assert command_of({"command": ["llmbin-fast", "report", "a b"]}) == "llmbin-fast report 'a b'"
    assert command_of({}) == ""


def test_a_round_is_made_again_in_a_folder_that_watch_has_not() -> None:
    held = parameters(RunOptions(Path("c.fa"), Path("watched/runs/0012")))
    command = command_of({"parameters": held, "rounds": [{"round": 12}]})
    assert command == "llmbin-fast run c.fa --outdir round-0012"
    assert held["outdir"] == "watched/runs/0012"
