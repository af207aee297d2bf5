"""What is marked in a dataset: objects by class, split and size, or the pixels of each class."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.datasets.dataset import PAIRS, SPLITS, Dataset
from pipelines.truth import IGNORE

if TYPE_CHECKING:
    import pandas

SMALL, MEDIUM = 32**2, 96**2
"""Areas in square pixels below which COCO calls an object small, and medium."""
Table = dict[str, dict[str, int]]


def classes_in_images(dataset: Dataset, index: "pandas.DataFrame", objects: "pandas.DataFrame | None") -> Any:
    """Path -> the classes that are marked in that image; paths without any may be missing."""
    if objects is not None:
        return {path: set(own) for path, own in objects.groupby("path")["label"]}
    if dataset.description.format == "image-pairs":
        return {}
    names = dataset.description.classes
    return {
        row.path: {_name(names, value) for value in map(int, row.mask_values.split()) if value != IGNORE}
        for row in index[index["mask_values"].notna()].itertuples(index=False)
    }


def marked_objects(dataset: Dataset, index: "pandas.DataFrame", objects: "pandas.DataFrame") -> dict[str, Any]:
    """Counts of the objects, crowd regions included.

    Keys: objects and images (split -> class -> how many), crowd (regions), without_objects (split -> images), sizes
    (class -> small, medium and large objects by COCO's areas).
    """
    split = objects["path"].str.split("/").str[0]
    counted = Counter(zip(split, objects["label"], strict=True))
    holding = Counter(
        (own.split("/")[0], name) for own, name in set(zip(objects["path"], objects["label"], strict=True))
    )
    classes = [*dataset.description.classes, *sorted(set(objects["label"]) - set(dataset.description.classes))]
    empty = Counter(index.loc[~index["path"].isin(objects["path"]), "split"])
    return {
        "objects": _table(counted, classes),
        "images": _table(holding, classes),
        "crowd": int(objects["crowd"].sum()),
        "without_objects": {split: empty[split] for split in SPLITS},
        "sizes": {name: _sizes(objects.loc[objects["label"] == name, "area"]) for name in classes},
    }


def _sizes(areas: "pandas.Series[float]") -> dict[str, int]:
    small, large = int((areas < SMALL).sum()), int((areas >= MEDIUM).sum())
    return {"small": small, "medium": len(areas) - small - large, "large": large}


def paired(index: "pandas.DataFrame") -> dict[str, Any]:
    """Keys: images (split -> ``pairs`` -> how many), without_target (paths)."""
    there = index["target"].notna()
    counted = Counter(index.loc[there, "split"])
    return {
        "images": {split: {PAIRS: counted[split]} for split in SPLITS},
        "without_target": index.loc[~there, "path"].tolist(),
    }


def pixel_classes(dataset: Dataset, index: "pandas.DataFrame") -> dict[str, Any]:
    """Shares of the classes.

    Keys: images (split -> class -> images that show it), pixels (split -> class -> share of the pixels that are not
    left out), left_out (split -> share of all pixels), without_mask (paths).
    """
    names = dataset.description.classes
    holding, pixels = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    total, ignored = Counter[str](), Counter[str]()
    for row in index[index["mask_values"].notna()].itertuples(index=False):
        for value, count in zip(map(int, row.mask_values.split()), map(int, row.mask_counts.split()), strict=True):
            total[row.split] += count
            if value == IGNORE:
                ignored[row.split] += count
            else:
                pixels[row.split, _name(names, value)] += count
                holding[row.split, _name(names, value)] += 1
    classes = [*names, *sorted({name for _, name in pixels} - set(names))]
    judged = {split: max(1, total[split] - ignored[split]) for split in SPLITS}
    return {
        "images": _table(holding, classes),
        "pixels": {split: {name: pixels[split, name] / judged[split] for name in classes} for split in SPLITS},
        "left_out": {split: ignored[split] / max(1, total[split]) for split in SPLITS},
        "without_mask": index.loc[index["mask"].isna(), "path"].tolist(),
    }


def _name(names: Collection[str], value: int) -> str:
    return [*names][value] if value < len(names) else f"(value {value})"


def _table(counted: Mapping[tuple[str, str], int], classes: list[str]) -> Table:
    return {split: {name: int(counted.get((split, name), 0)) for name in classes} for split in SPLITS}
