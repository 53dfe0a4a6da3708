"""A few faults of each kind of bench.faults, on a small run."""

from __future__ import annotations

import errno
import json
import random
import signal
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.faults import disks, groups, hostile, jobs, judge, memory, together, writes
from bench.faults.jobs import PROGRAM, Ending, Job, make_jobs, run, start
from bench.faults.kills import measure
from bench.faults.places import possible
from bench.faults.shim import Shim, build_shim

PLACES = ("folder read-only", "user without entry", "file size of 8 kB", "all closed", "umask 077")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def shim(scratch: Path) -> Shim:
    built = build_shim(scratch)
    if built is None:
        pytest.skip("needs Linux and a C compiler")
    return built


@pytest.fixture(scope="module")
def job(scratch: Path) -> Job:
    (found,) = make_jobs(scratch, ["run"])
    return found


@pytest.fixture(scope="module")
def whole(job: Job, shim: Shim, scratch: Path) -> dict[str, str]:
    return measure(job, shim, scratch)[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_killed_run_goes_on(
    share: float, job: Job, shim: Shim, whole: dict[str, str], out: Path
) -> None:
    at = max(1, int(share * shim.counted()))
    assert run(job.command(out), shim.killing(out, at, signal.SIGKILL)).status == -signal.SIGKILL
    assert judge.after_going_on(job, out, whole, run(job.command(out, again=True))) == ""


@pytest.mark.parametrize(
    ("number", "share"), [(signal.SIGTERM, 0.1), (signal.SIGINT, 0.5), (signal.SIGHUP, 0.8)]
)
def test_a_run_that_is_asked_to_end_says_so_and_goes_on(
    number: signal.Signals, share: float, job: Job, shim: Shim, whole: dict[str, str], out: Path
) -> None:
    at = max(1, int(share * shim.counted()))
    ending = run(job.command(out), shim.killing(out, at, number))
    if share < 0.3:  # later a run may be whole before it hears of it
        assert "stopped by" in ending.said
    told = Ending(ending.status, ending.said, 0.0)
    assert judge.after_a_signal(job, out, whole, told, number) == ""
    assert judge.after_going_on(job, out, whole, run(job.command(out, again=True))) == ""


def test_what_is_ignored_stays_so(job: Job, whole: dict[str, str], out: Path) -> None:
    """As under nohup."""
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *job.command(out)], stderr=subprocess.PIPE
    )
    while not (out / "llmbin.log").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 0
    assert job.results(out) == whole


@pytest.mark.parametrize(
    "fault",
    [
        (0.05, "on", errno.ENOSPC),
        (0.4, "on", errno.EDQUOT),
        (0.6, "once", errno.EIO),
        (0.9, "on", errno.ENOSPC),
        (0.97, "once", errno.EIO),
        (0.0, "short", errno.EIO),
    ],
    ids=str,
)
def test_a_write_that_fails(
    fault: tuple[float, str, int], job: Job, shim: Shim, whole: dict[str, str], scratch: Path
) -> None:
    share, kind, error = fault
    at = max(1, int(share * shim.counted()))
    disturbed = writes.Fault(job, at, kind, error)
    assert writes.one(disturbed, whole, shim, scratch, start) == ""


def test_every_fault_is_done_once(shim: Shim, scratch: Path, tmp_path: Path) -> None:
    """By a program that stays warm; a later campaign goes on where the first one ended."""
    (embed,) = make_jobs(scratch / "every", ["embed"])
    first = writes.Exhaustive([embed], shim, scratch, tmp_path / "kept")
    calls = first.faults[-1].at
    kinds = [(kind, error) for kind, error in writes.FAULTS if kind != "short"]
    shorts = [fault for fault in first.faults if fault.kind == "short"]
    assert len(first.faults) == calls * len(kinds) + len(shorts)
    assert 0 < len(shorts) < calls
    trials = first.trials(random.Random(1))
    found = [next(trials) for _ in range(3)]
    assert [trial.wrong for trial in found] == [""] * 3
    first.close()
    assert first.done() == found
    (tmp_path / "kept").write_text(
        "".join(json.dumps(asdict(writes.trial_of(fault, ""))) + "\n" for fault in first.faults[1:])
    )
    second = writes.Exhaustive([embed], shim, scratch, tmp_path / "kept")
    (last,) = second.trials(random.Random(2))
    assert (last.what, last.where) == (first.faults[0].what, "call 1")
    second.close()


@pytest.mark.parametrize("name", ["tmpfs is full", "ext4 has an error"])
def test_disks_that_fail(name: str, job: Job, whole: dict[str, str], scratch: Path) -> None:
    if name not in disks.possible(scratch, [name]):
        pytest.skip("needs an administrator, and mount")
    assert disks.one(job, whole, name, (random.Random(3), 0.5), scratch) == ""


def test_control_groups_are_kept_to(job: Job, whole: dict[str, str], scratch: Path) -> None:
    if not {"memory", "cpu"} <= set(groups.possible()):
        pytest.skip("needs control groups that may be made")
    assert groups.in_memory(job, whole, 0.6, scratch) == ""
    assert groups.in_cores(job, whole, groups.cores_of(0.5), 1, scratch) == ""


def test_a_long_header_is_refused(scratch: Path) -> None:
    assert hostile.one("header of 100 MB", scratch) == ""


@pytest.mark.parametrize("name", PLACES)
def test_strange_places(name: str, job: Job, whole: dict[str, str], out: Path) -> None:
    if name not in possible():
        pytest.skip("not to be had on this machine")
    ending = possible()[name](job, out, 0.0)
    assert judge.after_an_error(job, out, whole, ending) == ""
    assert (ending.status == 0) == (name not in ("folder read-only", "file size of 8 kB"))


@pytest.mark.parametrize("option", ["", "--force"])
def test_two_runs_in_one_folder(
    option: str, job: Job, whole: dict[str, str], scratch: Path
) -> None:
    assert together.pair(job, whole, option, 0.3, scratch) == ""


def test_many_processes_share_a_cache(scratch: Path) -> None:
    assert together.crowd(scratch, rounds=2) == ""


@pytest.mark.parametrize("megabytes", [150, 280, 330, 380])
def test_little_address_space(
    megabytes: int, job: Job, whole: dict[str, str], scratch: Path
) -> None:
    assert memory.one(job, whole, megabytes * 1_000_000, scratch) == ""


def test_the_judge_knows_what_is_wrong(job: Job, whole: dict[str, str], out: Path) -> None:
    line = "llmbin-fast: error: x: cannot be written\n"
    assert judge.after_an_error(job, out, whole, Ending(1, line, 0.0)) == ""
    for ending in (
        Ending(0, "", 0.0),
        Ending(1, "", 0.0),
        Ending(1, "Traceback (most recent call last):\n" + line, 0.0),
        Ending(-11, line, 0.0),
        Ending(1, "llmbin-fast: error: a file: No space left on device\n", 0.0),
    ):
        assert judge.after_an_error(job, out, whole, ending)
    assert judge.after_an_error(job, out, whole, Ending(1, "", 0.0), heard=False) == ""
    (out / "bins.tsv").write_text("half\n")
    for heard in (True, False):
        assert "half" in judge.after_an_error(job, out, whole, Ending(1, line, 0.0), heard)
    stopped = "llmbin-fast: stopped by SIGTERM\n"
    late = Ending(-15, stopped, 9.0)
    assert "to end" in judge.after_a_signal(job, out, whole, late, signal.SIGTERM)
    assert judge.after_going_on(job, out, whole, Ending(0, "", 0.0))


def test_a_command_without_an_end_is_killed_and_told(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ENDLESS", 0.2)
    ending = run(["sleep", "60"])
    assert ending.status == -signal.SIGKILL
    assert "did not end in 0.2 s" in judge.after_an_error(job, tmp_path, {}, ending)


def test_a_campaign_is_of_its_seed(job: Job) -> None:
    from bench.faults.__main__ import KINDS, OF_KIND, joined, summary, trials_of
    from bench.faults.trials import Trial

    assert set(KINDS) == {"kill", "write", "hostile", *OF_KIND}
    assert list(trials_of("write", [job], None, random.Random(1), Path())) == []
    found = [Trial("kill", "run, SIGKILL", "after 1 s", wrong) for wrong in ("", "", "bad")]
    told = summary(found, 1, 2.0)
    assert (told["trials"], told["wrong"]) == (3, 1)
    both = joined({"command": "x", **told}, told)
    assert (both["trials"], both["rows"][0]["wrong"], len(both["faults"])) == (6, 2, 2)


def test_standard_output_that_is_closed_or_full_is_told() -> None:
    for end in (">&-", ">/dev/full"):
        ending = run(["sh", "-c", f'exec "$@" {end}', "sh", *PROGRAM, "models"])
        assert ending.status == 1
        assert ending.said.startswith("llmbin-fast: error: standard output: cannot be written")
        assert ending.said.count("\n") == 1


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_killed_watch_keeps_its_round_until_the_next_is_whole(
    share: float, shim: Shim, tmp_path: Path
) -> None:
    (job,) = make_jobs(tmp_path, ["watch"])
    assert job.before is not None
    results, _, writes = measure(job, shim, tmp_path)
    earlier = job.results(job.before)
    bins = [{name for name in found if "bins/" in name} for found in (earlier, results)]
    assert all(bins)
    assert earlier != results
    out = tmp_path / "out"
    job.begin(out)
    at = int(share * writes)
    assert run(job.command(out), shim.killing(out, at, signal.SIGKILL)).status == -signal.SIGKILL
    assert judge.after_a_kill(job, out, results) == ""
    assert judge.after_going_on(job, out, results, run(job.command(out))) == ""
