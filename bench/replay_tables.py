"""Tables of rounds beside a sequencer, of `bench.replay`."""

from __future__ import annotations

from typing import Any

from .markdown import table


def replay(result: dict[str, Any]) -> str:
    """A row for each round, and what all of them took beside one fresh run."""
    rows = [
        [
            str(r["round"]),
            f"{r['contigs']:,}",
            f"{r['bases'] / 1e6:.0f}",
            str(r["bins"]),
            str(r["near_complete"]),
            f"{r['cpu_seconds']:.1f}",
        ]
        for r in result["rounds"]
    ]
    titles = ["round", "contigs", "Mbp", "bins", "near-complete", "CPU s"]
    return "\n\n".join([table(titles, rows), together(result)])


def together(result: dict[str, Any]) -> str:
    same = result["bins_of_last_round_are_those_of_fresh_run"]
    shares = [
        f"{100 * result[f'{what}_by_fresh_run']:.0f} %"
        for what in ("last_round", "more_reads", "a_twentieth_changed")
    ]
    return (
        "A fresh run of the last assembly without a cache: "
        f"{result['fresh_run']['cpu_seconds']:.1f} CPU s. All rounds: "
        f"{result['all_rounds_by_fresh_run']:.1f} times as much; the last one {shares[0]}; more "
        f"reads on the same contigs {shares[1]}; a twentieth of the contigs changed {shares[2]}. "
        f"Bins of the last round are {'' if same else 'not '}those of the fresh run. Names that "
        "were kept from one round to the next: "
        f"{result['names_kept']} of {result['names_judged']}."
    )


def kills(result: dict[str, Any]) -> str:
    """What came of kills while a second round was made (`bench.faults`)."""
    wrong = f"{result['wrong']} lost or changed anything" if result["wrong"] else "nothing was lost"
    return (
        f"`{result['command'].replace('python -m ', '')}`: {result['trials']} second rounds were "
        f"killed (SIGKILL), half at a random moment, half at a call that writes; {wrong}. The "
        "first round stayed until the second was whole, and the same command made of it what an "
        "undisturbed one does."
    )
