"""The tables that a dataset's rules are written on, by its format."""

from typing import TYPE_CHECKING

from pipelines.datasets.dataset import BY_CLASS, PAIRS, SPLITS, Dataset
from pipelines.datasets.objects import read_annotations
from pipelines.validation.columns import class_table, file_table
from pipelines.validation.mask_columns import mask_class_table, masked_columns
from pipelines.validation.object_columns import image_columns, object_class_table, object_table
from pipelines.validation.pair_columns import pair_table, paired_columns

if TYPE_CHECKING:
    import pandas

COUNTED = dict.fromkeys(BY_CLASS, "files") | {"coco": "objects", "label-masks": "images", "image-pairs": "pairs"}
"""What ``count`` in the table ``classes`` counts."""


def build_tables(dataset: Dataset, index: "pandas.DataFrame") -> dict[str, "pandas.DataFrame"]:
    """``files`` (a row a file), ``classes`` (a class in a split) and, of COCO's format, ``objects``.

    Where there are no classes, all pairs of a split are one.

    Raises:
        TataraError: as `read_annotations`.
    """
    classes = dataset.description.classes
    files = file_table(index, SPLITS)
    match dataset.description.format:
        case "image-folder" | "audio-folder":
            return {"files": files, "classes": class_table(index, SPLITS, classes)}
        case "label-masks":
            files = masked_columns(files, classes)
            return {"files": files, "classes": mask_class_table(files, SPLITS, classes)}
        case "image-pairs":
            return {"files": paired_columns(files, SPLITS), "classes": pair_table(files, SPLITS)}
        case "coco":
            annotations = read_annotations(dataset)
            files = image_columns(files, annotations)
            objects = object_table(annotations, files)
            counts = object_class_table(objects, files, SPLITS, classes)
            return {"files": files, "classes": counts, "objects": objects}


def counts_of(dataset: Dataset, classes: "pandas.DataFrame") -> "pandas.DataFrame":
    """How many there are by class (rows) and split (columns), from the table ``classes``."""
    counts = classes.pivot(index="label", columns="split", values="count")
    return counts.loc[list(dataset.description.classes) or [PAIRS], list(SPLITS)]
