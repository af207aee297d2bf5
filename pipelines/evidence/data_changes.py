"""What was added, removed and relabelled between the data of the champion's run and of the challenger's."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.contract import Strict
from tatara.core.files import digest

if TYPE_CHECKING:
    import pandas

LISTED = 60
"""Examples of each kind of change that are named; the counts are of all."""
_MARKS = ("label", "x_min", "y_min", "x_max", "y_max", "crowd", "rle")


class Change(Strict):
    """One example that is not as it was.

    Attributes:
        path, digest: of the file; where it was removed, as it was.
        split, before_split: where it is and where it was; None where it is not there.
        labels, before: what is marked, as words: the class, or how many objects of which.
        picture: small, below the folder of the check step; None where the dataset does not have the file any more.
    """

    path: str
    digest: str
    split: str | None
    before_split: str | None
    labels: str | None
    before: str | None
    picture: str | None = None


class DataChanges(Strict):
    """All of it; examples are known by the digest of their bytes, whatever their names.

    Attributes:
        revision, before: of both runs' data.
        counts: ``added``, ``removed``, ``relabelled`` (the same content, marked otherwise), ``moved`` (to another
            split), ``same``.
        by_split: split -> examples (before, now).
        by_class: class -> examples that show it (before, now).
        changes: kind of change -> at most `LISTED` examples.
    """

    revision: str
    before: str
    counts: dict[str, int]
    by_split: dict[str, tuple[int, int]]
    by_class: dict[str, tuple[int, int]]
    changes: dict[str, tuple[Change, ...]]


class _Table:
    """An index's examples by digest: path, split, classes that they show, words for those, digest of what is marked."""

    def __init__(self, validated: Path) -> None:
        import pandas

        index = pandas.read_parquet(validated / "index.parquet")
        objects = validated / "objects.parquet"
        own = dict(iter(pandas.read_parquet(objects).groupby("path"))) if objects.exists() else None
        self.rows: dict[str, tuple[str, str, frozenset[str], str, str]] = {}
        for row in index[index["digest"].notna()].to_dict("records"):
            if own is not None:
                classes, words, mark = _objects(own.get(row["path"]))
            elif row.get("mask_digest"):
                classes, words, mark = frozenset[str](), "label mask", str(row["mask_digest"])
            elif row.get("target_digest"):
                classes, words, mark = frozenset[str](), "target", str(row["target_digest"])
            else:
                classes, words, mark = frozenset(filter(None, [row["label"]])), row["label"], row["label"]
            self.rows.setdefault(row["digest"], (row["path"], row["split"], classes, words, mark))


def _objects(rows: "pandas.DataFrame | None") -> tuple[frozenset[str], str, str]:
    if rows is None:
        return frozenset(), "no objects", ""
    counts = rows["label"].value_counts().sort_index()
    words = ", ".join(f"{count} {label}" for label, count in counts.items())
    marks = [[str(value) for value in row] for row in rows[list(_MARKS)].to_numpy(object)]
    return frozenset(counts.index), words, digest(sorted(marks))


def data_changes(now: Path, before: Path, revision: str, earlier: str) -> DataChanges:
    """Compare the tables of two finished validations.

    Args:
        now, before: folders of the validate step, with ``index.parquet`` and perhaps ``objects.parquet``.
        revision, earlier: of the data that they are of.
    """
    new, old = _Table(now).rows, _Table(before).rows
    both = sorted(new.keys() & old.keys())
    groups = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "relabelled": [one for one in both if new[one][4] != old[one][4]],
        "moved": [one for one in both if new[one][1] != old[one][1]],
    }
    counts = {name: len(digests) for name, digests in groups.items()}
    touched = {one for digests in groups.values() for one in digests}
    splits = sorted({row[1] for table in (new, old) for row in table.values()})
    classes = sorted({label for table in (new, old) for row in table.values() for label in row[2]})
    return DataChanges(
        revision=revision,
        before=earlier,
        counts=counts | {"same": len(both) - len(touched & set(both))},
        by_split={split: (_number(old, 1, split), _number(new, 1, split)) for split in splits},
        by_class={label: (_showing(old, label), _showing(new, label)) for label in classes},
        changes={
            name: tuple(_change(one, new.get(one), old.get(one)) for one in digests[:LISTED])
            for name, digests in groups.items()
        },
    )


def _number(table: dict[str, Any], field: int, value: str) -> int:
    return sum(row[field] == value for row in table.values())


def _showing(table: dict[str, Any], label: str) -> int:
    return sum(label in row[2] for row in table.values())


def _change(content: str, now: Any, before: Any) -> Change:
    path = (now or before)[0]
    return Change(
        path=path, digest=content,
        split=now[1] if now else None, before_split=before[1] if before else None,
        labels=now[3] if now else None, before=before[3] if before else None,
    )  # fmt: skip
