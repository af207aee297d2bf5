"""Evaluation of images made of images: likeness to the truth, held against that of the image itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.metrics import images as metrics
from pipelines.metrics.judged import mean_of
from pipelines.tasks.image import report
from pipelines.tasks.image.plots import draw_all
from tatara.core.contract import Contract, Finished
from tatara.core.drawing import png
from tatara.core.files import write_bytes, write_text
from tatara.core.statistics import (
    Interval,
    Verdict,
    Weighted,
    paired_metric_not_worse,
    paired_metrics_apart,
    proportions_apart,
)

if TYPE_CHECKING:
    import pandas

PRIMARY = "ssim"
DECISIONS = "windows of 11 x 11 pixels"


@dataclass(frozen=True)
class Record:
    """One answered example.

    Attributes:
        path, digest: of its file.
        width, height: in pixels.
        figures: as `pipelines.metrics.images.told` gives them.
        answer, truth: as PNG files.
    """

    path: str
    digest: str
    width: int
    height: int
    figures: dict[str, float]
    answer: bytes
    truth: bytes


def record(contract: Contract, example: Example, finished: Finished) -> Record:
    """What is kept of the answer to one example.

    Raises:
        TataraError: the target has not the image's size.
    """
    image, answer, truth = example.pixels(), finished["image"], example.target()
    return Record(
        example.path, example.digest, answer.shape[1], answer.shape[0], metrics.told(image, answer, truth),
        png(answer), png(truth),
    )  # fmt: skip


def measure(
    test: Sequence[Record], train: Sequence[Record], contract: Contract, description: Description, seed: int
) -> dict[str, Interval]:
    """The means of `pipelines.metrics.images.figures`; ``above_chance``, by how much ``ssim`` exceeds that of the image
    itself; ``train_ssim`` on a sample of the training split, and ``gap``, by how much that exceeds ``ssim``.

    Args:
        test: answers on the test split.
        train: answers on a sample of the training split.
        contract: of the model.
        description: of the dataset.
        seed: of the bootstrap.
    """
    found, seen = (metrics.figures([one.figures for one in part], seed) for part in (test, train))
    own, untouched = (_mean(test, name) for name in ("ssim", "input_ssim"))
    trials = metrics.trials([(one.height, one.width) for one in test])
    found["above_chance"] = paired_metrics_apart(own, untouched, len(test), trials, seed)
    found["train_ssim"] = seen["ssim"]
    found["gap"] = proportions_apart(seen["ssim"], found["ssim"])
    return found


def _mean(records: Sequence[Record], name: str) -> Weighted:
    return mean_of(np.array([one.figures[name] for one in records]))


def predictions(records: Sequence[Record], contract: Contract) -> "pandas.DataFrame":
    """A row an image: ``path``, ``digest``, ``width``, ``height`` and what `pipelines.metrics.images.told` gives.

    The answers themselves are in ``answers/<digest>.png``.
    """
    import pandas

    rows = [
        {"path": one.path, "digest": one.digest, "width": one.width, "height": one.height, **one.figures}
        for one in records
    ]
    return pandas.DataFrame(rows)


def primary(records: Sequence[Record], contract: Contract) -> float:
    """Mean structural similarity of the records, 0 where it is negative."""
    return max(0.0, float(np.mean([one.figures[PRIMARY] for one in records])))


def decisions(examples: Sequence[Example], classes: Sequence[str]) -> int:
    """That the examples hold, see `pipelines.metrics.images.trials`."""
    return metrics.trials([(one.height, one.width) for one in examples])


def paired(new: "pandas.DataFrame", old: "pandas.DataFrame", margin: float, seed: int) -> Verdict:
    """Whether the mean ``ssim`` is not worse by more than ``margin``, on the images (digests) in both tables."""
    (challenger, champion), images, trials = _both(new, old)
    return paired_metric_not_worse(challenger, champion, images, trials, margin, seed)


def compared(new: "pandas.DataFrame", old: "pandas.DataFrame", seed: int) -> tuple[dict[str, Interval], float | None]:
    """``new`` minus ``old`` in ``ssim`` on the images in both tables (paired bootstrap); no p-value."""
    (first, second), images, trials = _both(new, old)
    return {PRIMARY: paired_metrics_apart(first, second, images, trials, seed)}, None


def _both(new: "pandas.DataFrame", old: "pandas.DataFrame") -> tuple[list[Weighted], int, int]:
    """The mean ``ssim`` of either table, weighted by the images in both, their number, and their decisions."""
    both = sorted(set(new["digest"]) & set(old["digest"]))
    tables = [frame.drop_duplicates("digest").set_index("digest").loc[both] for frame in (new, old)]
    trials = metrics.trials(list(zip(tables[0]["height"], tables[0]["width"], strict=True)))
    return [mean_of(table[PRIMARY].to_numpy(np.float64)) for table in tables], len(both), trials


def describe(
    folder: Path, records: Sequence[Record], train: Sequence[Example], contract: Contract, found: dict[str, Interval],
    read: Callable[[str], bytes],
) -> None:  # fmt: skip
    """Write ``report.md``, ``answers/<digest>.png`` and ``plots/`` into ``folder``.

    Args:
        folder: of the evaluation.
        records: answers on the test split.
        train: the examples that the model learned from.
        contract: of the model.
        found: what `measure` found.
        read: path of an example -> its file's bytes.
    """
    for one in records:
        write_bytes(folder / "answers" / f"{one.digest}.png", one.answer)
    write_text(folder / "report.md", report.written(found, records, train, contract))
    draw_all(folder / "plots", records, found, read)
