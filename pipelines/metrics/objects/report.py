"""The tables of a detector's evaluation for people."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.metrics.objects.errors import Mistakes
from pipelines.metrics.objects.matching import DETECTIONS
from pipelines.metrics.objects.operating import Operating
from pipelines.metrics.objects.scenes import Scene
from tatara.core.statistics import Interval

FIGURES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar")
EXPLAINED = {
    "class": "right place, another class",
    "localization": "right class, overlap between 0.1 and 0.5",
    "both": "another class, and overlap between 0.1 and 0.5",
    "duplicate": "an object that a better answer has already",
    "background": "nothing there (overlap below 0.1)",
    "missed": "marked, and no answer of the above was meant for it",
}


def metrics(found: Mapping[str, Interval], test: Sequence[Scene], by_mask: bool) -> list[str]:
    """The figures with their intervals, which of them are undefined here, and where COCO counts fewer answers."""
    names = [*FIGURES, "voc07_map", "voc12_map", *(f"mask_{name}" for name in FIGURES if by_mask)]
    undefined = [name for name in names if name not in found]
    lines = [
        f"# Evaluation on {len(test):,} test images",
        "",
        "95 % intervals: basic bootstrap over the images (1,000 resamples), Newcombe's for the gap. `ap` is the",
        "mean over IoU 0.50 to 0.95, `ap_small` that of objects below 32² pixels of the image, `ap_large` above 96²;",
        "`ar` is the mean recall with 100 answers of a class; `voc07_map` and `voc12_map` are PASCAL VOC's at IoU 0.5.",
        "",
        "| metric | value | low | high |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {one.value:.4f} | {one.low:.4f} | {one.high:.4f} |" for name, one in found.items()),
    ]
    if undefined:
        lines += ["", f"Undefined here, for want of marked objects of that size: {', '.join(undefined)}."]
    if crowded := sum(bool((np.bincount(one.truth.classes[~one.truth.crowd]) > DETECTIONS).any()) for one in test):
        lines += [
            "",
            f"{crowded:,} of the images hold more than {DETECTIONS} objects of a class. COCO counts the best",
            f"{DETECTIONS} answers of a class in an image, and so do the tables and pictures here; VOC counts all.",
        ]
    return lines


def classes(by_class: Mapping[str, Mapping[str, object]], learned: Sequence[int]) -> list[str]:
    """A row a class, with objects in the training and the test split."""
    lines = [
        "| # | class | training objects | test objects | AP | AP50 |",
        "|---:|---|---:|---:|---|---|",
    ]
    for number, (count, (label, row)) in enumerate(zip(learned, by_class.items(), strict=True)):
        name = label.replace("|", chr(92) + "|")
        lines.append(
            f"| {number} | {name} | {count} | {row['support']} | {_cell(row.get('ap'))} | {_cell(row.get('ap50'))} |"
        )
    return lines


def _cell(value: object) -> str:
    if value is None:
        return "-"
    one = Interval.model_validate(value)
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def mistakes(gains: Mapping[str, Mistakes], at: Operating, ap50: float, what: str) -> list[str]:
    """Mistakes by kind, and where to cut the score."""
    return [
        f"By {what} at an IoU of 0.5 (TIDE, arXiv 2008.08115), from an AP50 of {ap50:.4f}:",
        "",
        "| mistake | what it is | count | AP50 gained by mending it |",
        "|---|---|---:|---:|",
        *(f"| {name} | {EXPLAINED[name]} | {one.count:,} | {one.ap50_gain:+.4f} |" for name, one in gains.items()),
        "",
        f"F1 over all classes is highest, {at.f1:.3f}, with answers from a score of {at.score:.3f} on: precision",
        f"{at.precision:.3f}, recall {at.recall:.3f}. The confusion of classes and the worst images are drawn so.",
    ]  # fmt: skip


def recompute(by_mask: bool) -> list[str]:
    """How to get the figures from the files."""
    kinds = "`iouType` bbox or segm" if by_mask else "`iouType` bbox"
    sizes = "\nIts sizes of masks need `bbox` taken out of the predictions first, as COCO's own results have it."
    return [
        f"`coco/truth.json` and `coco/predictions.json` go into pycocotools as they are ({kinds})."
        + (sizes if by_mask else ""),
        "`predictions.parquet` has a row an image, a marked object (`what` is `truth`) and a found one (`prediction`).",
    ]
