"""Test examples that were learned from, by the digest of their bytes: what a figure on them says is worth nothing."""

from typing import TYPE_CHECKING

from registry.evidence import SHOWN, Leakage

if TYPE_CHECKING:
    import pandas

LEARNED = ("train", "valid")


def leakage(own: "pandas.DataFrame", champion: "pandas.DataFrame | None") -> Leakage:
    """Examples of the test split of ``own`` whose content lies in a split that either model learned from.

    Args:
        own: index of the challenger's run, as `pipelines.datasets.index.build_index` gives it.
        champion: of the champion's run; None where there is no champion, or its tables cannot be had.
    """
    mine = _shared(own, own)
    other = None if champion is None else _shared(own, champion)
    return Leakage(
        own=tuple(mine[:SHOWN]),
        own_count=len(mine),
        champion=None if other is None else tuple(other[:SHOWN]),
        champion_count=None if other is None else len(other),
    )


def _shared(test: "pandas.DataFrame", learned: "pandas.DataFrame") -> list[str]:
    seen = set(learned.loc[learned["split"].isin(LEARNED), "digest"].dropna())
    rows = test[(test["split"] == "test") & test["digest"].isin(seen)]
    return sorted(rows["path"])
