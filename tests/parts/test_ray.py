"""A Ray cluster of several nodes finds the features, and loses one of them: the bins stay the same.

Run by `nox -s ray`: a cluster takes longer to begin and end than all it is given here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmbin.io.workspace import STAGING
from llmbin.tools.synthetic import Community

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
ray = pytest.importorskip("ray", reason="Ray is not installed")
if not os.environ.get("LLMBIN_TEST_RAY"):
    pytest.skip("a cluster takes a minute: LLMBIN_TEST_RAY=1 has it tried", allow_module_level=True)

Cli = Callable[..., tuple[int, str, str]]
TABLES = ("contig2bin.tsv", "bins.tsv", "contigs.tsv")
PATIENCE = 120.0  # seconds


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head that computes nothing, and two nodes, each with processes of its own."""
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 100_000_000, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    made.doomed = made.add_node(num_cpus=1, object_store_memory=100_000_000)
    made.add_node(num_cpus=1, object_store_memory=100_000_000)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmbin.stages import on_ray

    monkeypatch.setattr(on_ray, "LEAST_BASES", 100_000)


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def kill_when_begun(cluster: Any, staging: Path, killed: list[int]) -> None:
    """Kill a node when the first part has come back: others are under way, and lie on it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if begun := len(list(staging.glob("stage-part-*.arrow"))):
            cluster.remove_node(cluster.doomed, allow_graceful=False)
            killed.append(begun)
            return
        time.sleep(0.02)


@pytest.mark.usefixtures("small_parts")
def test_a_killed_node_changes_no_byte(
    cluster: Any, community: Community, cli: Cli, tmp_path: Path
) -> None:
    given = (community.contigs, "--depth", community.depth, "--no-report", "-t", 1)
    assert cli("run", *given, "-o", tmp_path / "alone")[0] == 0
    out, killed = tmp_path / "together", list[int]()
    killer = threading.Thread(
        target=kill_when_begun, args=(cluster, out / STAGING, killed), daemon=True
    )
    killer.start()
    status, _, err = cli("run", *given, "--ray", cluster.address, "-o", out)
    killer.join()
    assert status == 0, err
    parts = int(err.split(" parts on a cluster")[0].split()[-1])
    assert parts >= 6
    assert killed and killed[0] < parts
    assert tables(out) == tables(tmp_path / "alone")
    assert not (out / STAGING).exists()
    assert len(cluster.list_all_nodes()) == 2  # of three


@pytest.mark.usefixtures("small_parts")
def test_what_fails_on_a_node_is_told(
    cluster: Any, community: Community, cli: Cli, tmp_path: Path
) -> None:
    given = (community.contigs, "--ray", cluster.address, "-o", tmp_path / "out", "-q")
    status, _, err = cli("run", *given, "--device", "cuda")
    assert status == 1
    assert "no node of the cluster has a GPU" in err
    status, _, err = cli("run", *given, "--precision", "fp8")
    assert status == 1
    assert "on a node of the cluster: --precision fp8: the model pack has" in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_no_cluster_is_told(community: Community, cli: Cli, tmp_path: Path) -> None:
    given = (community.contigs, "-o", tmp_path / "out", "-q")
    status, _, err = cli("run", *given, "--ray", "auto")
    assert status == 1
    assert "--ray auto: no cluster is reached" in err
    assert not (tmp_path / "out").exists()
