"""What the data of a run were, in figures, for whoever reads of its model later: the model card."""

from typing import TYPE_CHECKING, Any

from pipelines.datasets.dataset import SPLITS, Dataset
from pipelines.validation.tables import COUNTED

if TYPE_CHECKING:
    import pandas

FILE = "dataset.json"
EXTENTS = ("width", "height", "seconds", "rate")


def described(dataset: Dataset, index: "pandas.DataFrame", counts: "pandas.DataFrame", revision: str) -> dict[str, Any]:
    """The dataset as it was validated, as plain values.

    Args:
        dataset, index: what was validated.
        counts: as `pipelines.validation.tables.counts_of` gives them.
        revision: of the dataset.

    Returns:
        name, revision, the fields of ``dataset.yaml``, files (split -> images), bytes, of images width
        and height (pixels), of sounds seconds and rate ({min, median, max}), counted (what counts are of: files,
        objects or images), counts (split -> class -> how many).
    """
    return {
        **dataset.description.model_dump(mode="json", exclude={"hierarchy"}),
        "name": dataset.name,
        "revision": revision,
        "files": {split: int((index["split"] == split).sum()) for split in SPLITS},
        "bytes": int(index["bytes"].sum()),
        **{name: _range(index[name]) for name in EXTENTS if name in index},
        "counted": COUNTED[dataset.description.format],
        "counts": {
            split: {str(label): int(count) for label, count in column.items()} for split, column in counts.items()
        },
    }


def _range(column: "pandas.Series[float]") -> dict[str, float]:
    return {"min": float(column.min()), "median": float(column.median()), "max": float(column.max())}
