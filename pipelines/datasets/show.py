"""What there is (`list_datasets`) and what is in it (`show`)."""

from typing import TYPE_CHECKING, Any

from pipelines.datasets.contact_sheet import save_contact_sheet
from pipelines.datasets.contents import classes_in_images, marked_objects, paired, pixel_classes
from pipelines.datasets.dataset import BY_CLASS, SPLITS, Dataset, dataset_names, open_dataset
from pipelines.datasets.index import beside, build_index
from pipelines.datasets.objects import build_objects
from pipelines.datasets.revision import indexed_revision
from pipelines.datasets.sample_sheet import save_sample_sheet
from tatara.core.home import state_root

if TYPE_CHECKING:
    import pandas


RANGES = {
    "image": {"width": "width", "height": "height", "brightness": "brightness_mean"},
    "audio": {"seconds": "seconds", "rate": "rate", "peak": "peak", "silent": "silent"},
}
"""By modality, what is shown of the index: name -> column."""
STORED = {"image": "mode", "audio": "encoding"}


def list_datasets() -> list[dict[str, Any]]:
    """Every dataset under ``data/``: name, kind, classes, files by split, bytes, revision."""
    rows = []
    for name in dataset_names():
        dataset = open_dataset(name)
        index = build_index(dataset)
        files = index["split"].value_counts()
        rows.append({
            "name": name,
            "kind": dataset.description.kind,
            "classes": len(dataset.description.classes),
            "files": {split: int(files.get(split, 0)) for split in SPLITS},
            "bytes": int(index["bytes"].sum()),
            "revision": _revision(dataset, index),
        })  # fmt: skip
    return rows


def show(name: str) -> dict[str, Any]:
    """What is in a dataset, as plain values, with the path of a picture of samples.

    Keys: name, folder, revision, the fields of ``dataset.yaml``, files (images or sounds), bytes, undecodable (paths),
    of images width, height and brightness, of sounds seconds, rate, peak and silent ({min, median, max}; None where
    nothing decodes), modes (how they are stored -> files), picture (PNG under
    the state root, or None), counts (split -> class -> objects, or of other kinds images); of detection and instances
    also those of `marked_objects`, of segmentation those of `pixel_classes`, of image those of `paired`.

    Raises:
        TataraError: the annotations cannot be read.
    """
    dataset = open_dataset(name)
    index = build_index(dataset)
    sound, modality = index[index["decode_error"].isna()], dataset.description.modality
    return {
        "name": name,
        "folder": str(dataset.folder),
        "revision": _revision(dataset, index),
        **dataset.description.model_dump(mode="json"),
        "files": len(index),
        "bytes": int(index["bytes"].sum()),
        "undecodable": index.loc[index["decode_error"].notna(), "path"].tolist(),
        **{what: _range(sound[column]) for what, column in RANGES[modality].items()},
        "modes": {str(mode): int(count) for mode, count in sound[STORED[modality]].value_counts().items()},
        **_marked(dataset, index, sound),
    }


def _marked(dataset: Dataset, index: "pandas.DataFrame", sound: "pandas.DataFrame") -> dict[str, Any]:
    """Counts and the picture, by the dataset's format."""
    picture = state_root() / "pictures" / dataset.name / "samples.png"
    if dataset.description.format in BY_CLASS:
        sheet = save_contact_sheet(dataset, sound, picture) if len(sound) else None
        return {"counts": _counts(dataset, index), "picture": str(sheet) if sheet else None}
    objects = build_objects(dataset) if dataset.description.format == "coco" else None
    if objects is not None:
        found = marked_objects(dataset, index, objects)
        found["counts"] = found["objects"]
    else:
        pairs = dataset.description.format == "image-pairs"
        found = paired(index) if pairs else pixel_classes(dataset, index)
        found["counts"] = found["images"]
    present = classes_in_images(dataset, index, objects)
    sheet = save_sample_sheet(dataset, sound, objects, present, picture) if len(sound) else None
    return {**found, "picture": str(sheet) if sheet else None}


def _revision(dataset: Dataset, index: "pandas.DataFrame") -> str:
    return indexed_revision(dataset, dict(zip(index["path"], index["digest"], strict=True)) | beside(index))


def _counts(dataset: Dataset, index: "pandas.DataFrame") -> dict[str, dict[str, int]]:
    """Every class of the description, and any other label that the folders have."""
    counted = index.groupby(["split", "label"]).size().to_dict()
    labels = [*dataset.description.classes, *sorted(set(index["label"]) - set(dataset.description.classes))]
    splits = [*SPLITS, *sorted(set(index["split"]) - set(SPLITS))]
    return {split: {label: int(counted.get((split, label), 0)) for label in labels} for split in splits}


def _range(column: "pandas.Series[float]") -> dict[str, float] | None:
    if column.empty:
        return None
    return {"min": float(column.min()), "median": float(column.median()), "max": float(column.max())}
