"""The cores that a process may use."""

import os
from pathlib import Path

import pytest

from tatara.core.cores import cores

HERE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "found"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", HERE), ("6400000 100000", min(HERE, 64)), ("odd", HERE)],
)
def test_a_containers_share_limits_them(quota: str, found: int, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert cores(((str(tmp_path / "cpu.max"),),)) == found


@pytest.mark.parametrize(("quota", "found"), [("100000", 1), ("-1", HERE)])
def test_and_so_does_the_older_kind(quota: str, found: int, tmp_path: Path) -> None:
    paths = tmp_path / "quota", tmp_path / "period"
    for path, text in zip(paths, (quota, "100000"), strict=True):
        path.write_text(f"{text}\n")
    assert cores((tuple(map(str, paths)), ("/nowhere",))) == found


def test_affinity_limits_them() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores(()) == 1
    finally:
        os.sched_setaffinity(0, before)
