"""What the ways of filling a new dataset's folder share."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pipelines.datasets.annotated import Repairs
from pipelines.datasets.dataset import Description, Split
from pipelines.datasets.splitting import leaking
from tatara.core.errors import UsageError
from tatara.core.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; see `pipelines.datasets.add.add`."""

    seed: int = 0
    ratios: tuple[int, int, int] = (8, 1, 1)
    skip_broken: bool = False
    classes: tuple[str, ...] | None = None
    ignore: int | None = None
    licence: str = "not stated"
    source: str = ""
    speaker: str | None = None


@dataclass(frozen=True)
class Filled:
    """What lies in the folder now.

    Attributes:
        description: of the dataset.
        files: split -> images.
        counts: split -> class -> objects; of other kinds images.
        bytes: of all images.
        left_out: undecodable images, "path: reason" each.
        notes: how it was read where it could have been meant otherwise, a line each.
    """

    description: Description
    files: dict[str, int]
    counts: dict[str, dict[str, int]]
    bytes: int
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], label: str) -> list[Result]:
    """``work`` on every item, in order, on all cores, with progress; on Ctrl-C what has not begun is dropped."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            return list(progress(pool.map(work, items), len(items), label))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def refuse_broken(path: Path, broken: list[str], skip: bool) -> None:
    """Refuse undecodable files, unless they may be left out.

    Raises:
        UsageError: there are some; the first are named.
    """
    if broken and not skip:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        raise UsageError(
            f"{path}: {len(broken)} file(s) cannot be read: {'; '.join(broken[:3])}{more}; mend them, or leave them "
            "out with skip_broken=true"
        )


def given_splits(splits: Sequence[Split | None]) -> list[Split | None]:
    """The splits that the user gave. A lone one that is not train is a name for the whole."""
    return [None] * len(splits) if len(set(splits)) == 1 and splits[0] != "train" else list(splits)


def distinct_stems(files: Sequence[Path], splits: Sequence[Split]) -> list[str]:
    """The files' names without their endings, of which no two in a split are the same: numbers make them so."""
    taken: set[tuple[str, str]] = set()
    stems = []
    for file, split in zip(files, splits, strict=True):
        stem, number = file.stem, 1
        while (split, stem) in taken:
            number += 1
            stem = f"{file.stem}-{number}"
        taken.add((split, stem))
        stems.append(stem)
    return stems


def without_leaks(
    given: Sequence[Split | None], digests: Sequence[str], files: Sequence[Path], repairs: Repairs
) -> list[int]:
    """Positions of the examples to keep: where repairs are allowed, train keeps nothing that valid or test have too."""
    found = leaking(given, digests) if repairs.allowed else {}
    for number, other in found.items():
        repairs.leave_out(f"{files[number]}: of {given[number]}, the same file as one of {other}")
    return [number for number in range(len(given)) if number not in found]
