"""Evaluation of instances: figures of boxes and of masks, tables, pictures, files to recompute from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.metrics.objects import evaluation, scenes, summary
from pipelines.metrics.objects.paired import above_chance, ap50, ap50_apart, paired_ap50
from pipelines.metrics.objects.scenes import Scene
from tatara.core.contract import Contract, Finished
from tatara.core.statistics import Interval, Verdict

if TYPE_CHECKING:
    import pandas

PRIMARY = "mask_ap50"
DECISIONS = "marked objects"


def record(contract: Contract, example: Example, finished: Finished) -> Scene:
    """What is kept of the answer to one example."""
    return scenes.scene(example, contract.labels, finished)


def measure(
    test: Sequence[Scene], train: Sequence[Scene], contract: Contract, description: Description, seed: int
) -> dict[str, Interval]:
    """Every figure by name, see `pipelines.metrics.objects.summary.measure`, and ``above_chance``."""
    found = summary.measure(test, train, contract.labels, seed, by_mask=True)
    return found | above_chance(test, contract.labels, seed)


def predictions(records: Sequence[Scene], contract: Contract) -> "pandas.DataFrame":
    """One row an image, a marked object and a found one, see `pipelines.metrics.objects.scenes.table`."""
    return scenes.table(records, contract.labels)


def describe(
    folder: Path, records: Sequence[Scene], train: Sequence[Example], contract: Contract, found: dict[str, Interval],
    read: Callable[[str], bytes],
) -> None:  # fmt: skip
    """Write tables, report, COCO's files and pictures, see `pipelines.metrics.objects.evaluation.describe`."""
    evaluation.describe(folder, records, train, contract, found, read, by_mask=True)


def decisions(examples: Sequence[Example], classes: Sequence[str]) -> int:
    """That the examples hold: their marked objects."""
    return evaluation.marked_objects(examples)


def paired(new: "pandas.DataFrame", old: "pandas.DataFrame", margin: float, seed: int) -> Verdict:
    """Whether masks' AP50 is not worse by more than ``margin``, see `pipelines.metrics.objects.paired.paired_ap50`."""
    return paired_ap50(new, old, margin, seed, by_mask=True)


def compared(new: "pandas.DataFrame", old: "pandas.DataFrame", seed: int) -> tuple[dict[str, Interval], float | None]:
    """``new`` minus ``old`` in ``mask_ap50`` on the images in both `predictions` (paired bootstrap); no p-value."""
    return {PRIMARY: ap50_apart(new, old, seed, by_mask=True)}, None


def primary(records: Sequence[Scene], contract: Contract) -> float:
    """``mask_ap50`` of the records; 0 where nothing is marked."""
    value = ap50(records, contract.labels, by_mask=True)(np.ones((1, len(records))))[0, 0]
    return float(np.nan_to_num(value))
