"""The same images with both models' answers, and what changed in the data, as the check step left them."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from registry.records import Judgement
from registry.web.run_files import PICTURES, table


class _Loose(BaseModel):
    """Files that another version may have written: what is not known here is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Told(_Loose):
    """One model's answer: in words, how well it did, and its picture among the run's artifacts."""

    model: str
    answer: str
    quality: float
    picture: str


class Shown(_Loose):
    """One image; see `pipelines.evidence.gallery.Shown`."""

    path: str
    truth: str
    slices: tuple[str, ...] = ()
    picture: str
    challenger: Told
    champion: Told | None = None

    @property
    def lost(self) -> bool:
        """Whether the challenger did worse than the champion."""
        return self.champion is not None and self.challenger.quality < self.champion.quality


class Change(_Loose):
    """One example that is not as it was; see `pipelines.evidence.data_changes.Change`."""

    path: str
    split: str | None = None
    before_split: str | None = None
    labels: str | None = None
    before: str | None = None
    picture: str | None = None


class DataChanges(_Loose):
    """All of it; see `pipelines.evidence.data_changes.DataChanges`."""

    revision: str
    before: str
    counts: dict[str, int] = {}
    by_split: dict[str, tuple[int, int]] = {}
    by_class: dict[str, tuple[int, int]] = {}
    changes: dict[str, tuple[Change, ...]] = {}

    @property
    def classes(self) -> list[tuple[str, int, int]]:
        """Classes of which there are more or fewer now: name, before, now; the largest change first."""
        moved = [(name, was, now) for name, (was, now) in self.by_class.items() if was != now]
        return sorted(moved, key=lambda one: -abs(one[2] - one[1]))

    @property
    def none(self) -> bool:
        """Whether both are the same."""
        return not any(count for name, count in self.counts.items() if name != "same")


@dataclass(frozen=True)
class Found:
    """What there is to look at.

    Attributes:
        shown: images, worst first.
        changes: of the data; None where there is no champion.
        sheet: whether there is one picture of the changes.
    """

    shown: tuple[Shown, ...] = ()
    changes: DataChanges | None = None
    sheet: bool = False
    places: dict[str, int] = field(default_factory=dict)


def find(run_id: str, judgement: Judgement) -> Found:
    """What the judged evidence has.

    Raises:
        RefusedError: a file is not what was judged.
    """
    rows = table(run_id, "check/gallery.json", judgement) if "check/gallery.json" in judgement.digests else None
    shown = tuple(made for row in rows or () if (made := _read(Shown, row)) and _fine(made))
    has_changes = "check/data_changes.json" in judgement.digests
    changes = _read(DataChanges, table(run_id, "check/data_changes.json", judgement)) if has_changes else None
    places = {one.path: number for number, one in enumerate(shown, 1)}
    return Found(shown, changes, "check/data_changes.png" in judgement.digests, places)


def _fine(one: Shown) -> bool:
    told = [one.challenger, *([one.champion] if one.champion else [])]
    return all(PICTURES.fullmatch(f"check/{path}") for path in (one.picture, *(each.picture for each in told)))


def _read(kind: Any, value: Any) -> Any:
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None
