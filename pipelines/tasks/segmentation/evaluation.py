"""Evaluation of segmentation: IoU and accuracy of pixels, tables, pictures, and the answers as label masks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.metrics import segmentation as metrics
from pipelines.tasks.segmentation import labelled, report
from pipelines.tasks.segmentation.plots import draw_all
from tatara.core.contract import Contract, Finished
from tatara.core.errors import TataraError
from tatara.core.files import write_bytes, write_json, write_text
from tatara.core.statistics import Interval, Verdict, paired_metric_not_worse, paired_metrics_apart, proportions_apart

if TYPE_CHECKING:
    import pandas

PRIMARY = "miou"
DECISIONS = "images times classes, at most"


@dataclass(frozen=True)
class Record:
    """One answered example.

    Attributes:
        path, digest: of its file.
        width, height: in pixels.
        counts: pixels by class in truth and answer, int64 (classes, classes).
        calibration: see `pipelines.metrics.segmentation.calibration`.
        truth, answer: label masks as PNG files.
    """

    path: str
    digest: str
    width: int
    height: int
    counts: NDArray[np.int64]
    calibration: NDArray[np.float64]
    truth: bytes
    answer: bytes


def record(contract: Contract, example: Example, finished: Finished) -> Record:
    """What is kept of the answer to one example.

    Raises:
        TataraError: the mask has not the image's size.
    """
    truth, answer = example.class_map(contract.labels), finished["labels"]
    if truth.shape != answer.shape:
        raise TataraError(f"{example.path}: the mask is {truth.shape}, the answer {answer.shape}; check the dataset")
    counted, classes = truth < len(contract.labels), len(contract.labels)
    return Record(
        example.path, example.digest, answer.shape[1], answer.shape[0], metrics.confusion(truth, answer, classes),
        metrics.calibration((truth == answer)[counted], finished["confidence"][counted]),
        labelled.encode(truth, classes), labelled.encode(answer, classes),
    )  # fmt: skip


def measure(
    test: Sequence[Record], train: Sequence[Record], contract: Contract, description: Description, seed: int
) -> dict[str, Interval]:
    """``miou``, ``pixel_accuracy``, ``mean_accuracy``, ``calibration_error``, ``above_chance``, by how much ``miou``
    exceeds that of always answering one class; ``train_miou`` on a sample of the training split, and ``gap``, by how
    much that exceeds ``miou``.

    Args:
        test: answers on the test split.
        train: answers on a sample of the training split.
        contract: of the model.
        description: of the dataset.
        seed: of the bootstrap.
    """
    found, seen = (
        metrics.figures(_counts(part), np.stack([one.calibration for one in part]), seed) for part in (test, train)
    )
    found["above_chance"] = metrics.above_chance(_counts(test), seed)
    found["train_miou"] = seen["miou"]
    found["gap"] = proportions_apart(seen["miou"], found["miou"])
    return found


def predictions(records: Sequence[Record], contract: Contract) -> "pandas.DataFrame":
    """How many pixels of each image are of one class in the truth and of one in the answer; zeros are left out.

    Columns: ``path``, ``digest``, ``width``, ``height``, ``truth``, ``predicted``, ``pixels``, and ``calibration``, on
    the first row of each image what `pipelines.metrics.segmentation.calibration` counts, flat. An image without a pixel
    that counts has one row of 0 pixels. The answers themselves are in ``labels/<digest>.png``.
    """
    import pandas

    rows: list[tuple[Any, ...]] = []
    for one in records:
        pairs = np.argwhere(one.counts).tolist() or [[0, 0]]
        rows += [
            (one.path, one.digest, one.width, one.height, contract.labels[truth], contract.labels[answer],
             int(one.counts[truth, answer]), None if at else one.calibration.ravel().tolist())
            for at, (truth, answer) in enumerate(pairs)
        ]  # fmt: skip
    columns = ["path", "digest", "width", "height", "truth", "predicted", "pixels", "calibration"]
    return pandas.DataFrame(rows, columns=columns)


def primary(records: Sequence[Record], contract: Contract) -> float:
    """Mean IoU of the records; 0 where no pixel counts."""
    return float(np.nan_to_num(metrics.miou(_counts(records), np.ones((1, len(records))))[0]))


def decisions(examples: Sequence[Example], classes: Sequence[str]) -> int:
    """That the examples hold at most, see `pipelines.metrics.segmentation.trials`: every class in every image."""
    return len(examples) * len(classes)


def paired(new: "pandas.DataFrame", old: "pandas.DataFrame", margin: float, seed: int) -> Verdict:
    """Whether the mean IoU is not worse by more than ``margin``, on the images (digests) in both `predictions`."""
    challenger, champion = _both(new, old)
    return paired_metric_not_worse(
        _Miou(challenger), _Miou(champion), len(challenger), metrics.trials(challenger), margin, seed
    )


def compared(new: "pandas.DataFrame", old: "pandas.DataFrame", seed: int) -> tuple[dict[str, Interval], float | None]:
    """``new`` minus ``old`` in ``miou`` on the images in both `predictions` (paired bootstrap); no p-value."""
    first, second = _both(new, old)
    return {PRIMARY: paired_metrics_apart(_Miou(first), _Miou(second), len(first), metrics.trials(first), seed)}, None


@dataclass(frozen=True)
class _Miou:
    counts: NDArray[np.int64]

    def __call__(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return metrics.miou(self.counts, weights)[:, None]


def _both(new: "pandas.DataFrame", old: "pandas.DataFrame") -> list[NDArray[np.int64]]:
    """Counts (images, classes, classes) of the images in both tables."""
    both = sorted(set(new["digest"]) & set(old["digest"]))
    labels = sorted({label for frame in (new, old) for column in ("truth", "predicted") for label in frame[column]})
    return [tabled(frame, both, labels) for frame in (new, old)]


def describe(
    folder: Path, records: Sequence[Record], train: Sequence[Example], contract: Contract, found: dict[str, Interval],
    read: Callable[[str], bytes],
) -> None:  # fmt: skip
    """Write ``classes.json``, ``report.md``, ``labels/<digest>.png`` and ``plots/`` into ``folder``.

    Args:
        folder: of the evaluation.
        records: answers on the test split.
        train: the examples that the model learned from.
        contract: of the model.
        found: what `measure` found.
        read: path of an example -> its file's bytes.
    """
    counts, labels = _counts(records), contract.labels
    scores = metrics.by_class(counts, seed=0)
    shares = report.training_shares(train, labels)
    by_class = {
        label: {
            "pixels": int(counts[:, i].sum()),
            "images": int((counts[:, i].sum(axis=1) > 0).sum()),
            "training_share": float(shares[i]),
            **{name: one.model_dump() for name, one in scores[i].items()},
        }
        for i, label in enumerate(labels)
    }
    write_json(folder / "classes.json", by_class)
    for one in records:
        write_bytes(folder / "labels" / f"{one.digest}.png", one.answer)
    write_text(folder / "report.md", report.written(found, by_class, records, train, contract))
    draw_all(folder / "plots", records, labels, found, scores, read)


def _counts(records: Sequence[Record]) -> NDArray[np.int64]:
    return np.stack([one.counts for one in records])


def tabled(frame: "pandas.DataFrame", digests: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """Counts (images, classes, classes) of the images of those digests, each once."""
    kept = frame.drop_duplicates(["digest", "truth", "predicted"]).set_index("digest").loc[list(digests)].reset_index()
    image = {digest: position for position, digest in enumerate(digests)}
    index = {label: position for position, label in enumerate(labels)}
    counts = np.zeros((len(digests), len(labels), len(labels)), np.int64)
    places = kept["digest"].map(image), kept["truth"].map(index), kept["predicted"].map(index)
    counts[tuple(place.to_numpy(np.intp) for place in places)] = kept["pixels"].to_numpy()
    return counts
