"""Cityscapes: ``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png`` and ``gtFine/SPLIT/CITY/*_gtFine_labelIds.png``.

M. Cordts et al., "The Cityscapes dataset for semantic urban scene understanding", 2016, arXiv:1604.01685. Nineteen of
the label ids are classes of its benchmark; the others are ignored, as there. The published masks of test are empty, so
that its images stay out.
"""

import re
from pathlib import Path

from pipelines.datasets.annotated import Picture, Source, split_of
from pipelines.datasets.legend import Legend
from pipelines.datasets.object_masks import size_of
from pipelines.truth import IGNORE

CLASSES = {
    "road": 7, "sidewalk": 8, "building": 11, "wall": 12, "fence": 13, "pole": 17, "traffic light": 19,
    "traffic sign": 20, "vegetation": 21, "terrain": 22, "sky": 23, "person": 24, "rider": 25, "car": 26, "truck": 27,
    "bus": 28, "train": 31, "motorcycle": 32, "bicycle": 33,
}  # fmt: skip
"""Name -> label id, in the order of the benchmark."""
IDS = (*range(34), 255)
"""Every label id; the 255 stands for -1, a licence plate."""

_MASK = re.compile(r"(.*/)?gt(Fine|Coarse)/((?!test/).+)_gt\2_labelIds\.png")


def pairs(files: list[str]) -> dict[str, str]:
    """Image -> its label mask; empty where the files are not Cityscapes'."""
    known, found = set(files), {}
    for path in sorted(files):  # gtCoarse before gtFine
        if match := _MASK.fullmatch(path):
            image = f"{match[1] or ''}leftImg8bit/{match[3]}_leftImg8bit.png"
            if image in known:
                found[image] = path
    return found


def read(root: Path, files: list[str]) -> Source:
    """The images that have a mask; where an image has a fine and a coarse one, the fine."""
    positions = {value: position for position, value in enumerate(CLASSES.values())}
    legend = Legend(tuple(CLASSES), {value: positions.get(value, IGNORE) for value in IDS}, colours=False)
    found = pairs(files)
    pictures = [
        Picture(root / image, split_of(image), size=size_of(root / mask), mask=root / mask, legend=legend)
        for image, mask in sorted(found.items())
    ]
    skipped = tuple(sorted(set(files) - found.keys() - set(found.values())))
    return Source("Cityscapes", "segmentation", tuple(pictures), legend.classes, skipped)
