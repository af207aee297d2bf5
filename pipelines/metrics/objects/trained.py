"""What a detector was trained on, in the pixels that it sees: why it finds some objects and not others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics.objects.scenes import Regions, Scene
from tatara.core.contract import Contract


def sizes(scene: Scene, regions: Regions, contract: Contract) -> NDArray[np.float64]:
    """Square root of each object's area in pixels of the prepared image (objects,)."""
    return np.sqrt(regions.areas / area_step(contract, scene.height, scene.width))


def area_step(contract: Contract, height: int, width: int) -> float:
    """Pixels of an image of that size that one pixel of the prepared image stands for."""
    if contract.tiling is not None:
        height, width = min(height, contract.tiling.size), min(width, contract.tiling.size)
    side = contract.frame.size
    if contract.frame.resize == "pad":
        return (max(height, width) / side) ** 2
    return height * width / side**2


def object_sizes(scenes: Sequence[Scene], contract: Contract) -> NDArray[np.float64]:
    """`sizes` of all marked objects, crowds left out."""
    return np.concatenate([sizes(one, one.truth, contract)[~one.truth.crowd] for one in scenes])


def support(scenes: Sequence[Scene], labels: int) -> NDArray[np.int64]:
    """Marked objects of each class (labels,), crowds left out."""
    return np.bincount(np.concatenate([one.truth.classes[~one.truth.crowd] for one in scenes]), minlength=labels)


def described(train: Sequence[Scene], test: Sequence[Scene], contract: Contract) -> list[str]:
    """Paragraphs for a report: images, objects and their sizes in the training split, beside the test's."""
    side, learned, asked = contract.frame.size, object_sizes(train, contract), object_sizes(test, contract)
    lines = [
        f"{len(train):,} training images of {_extent(train)}, {_objects(len(learned), len(train))};",
        f"{len(test):,} test images of {_extent(test)}, {_objects(len(asked), len(test))}.",
        "",
        f"The model sees {_shown(contract)} at {side} x {side} pixels. The square root of an object's area, in those:",
        "",
        "| split | smallest | 5 % | median | 95 % | largest |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, found in (("train", learned), ("test", asked)):
        if len(found):
            cells = " | ".join(f"{value:.1f}" for value in np.quantile(found, [0, 0.05, 0.5, 0.95, 1]))
            lines.append(f"| {name} | {cells} |")
    if len(learned):
        low, high = np.quantile(learned, [0.05, 0.95])
        outside = f"; {((asked < low) | (asked > high)).mean():.0%} of the test objects do" if len(asked) else ""
        lines += [
            "",
            f"Objects that measure less than {low:.0f} or more than {high:.0f} such pixels lie outside of what the",
            f"model learned{outside}. So do views that the training images do not show, from above for one.",
            "Large images whose objects come out too small need `tile=true` or a larger `size`.",
        ]
    return lines


def _objects(count: int, images: int) -> str:
    return f"with {count:,} objects, {count / images:.1f} an image"


def _extent(scenes: Sequence[Scene]) -> str:
    sizes = sorted({(one.width, one.height) for one in scenes}, key=lambda size: size[0] * size[1])
    if len(sizes) == 1:
        return f"{sizes[0][0]} x {sizes[0][1]} pixels"
    return f"{sizes[0][0]} x {sizes[0][1]} to {sizes[-1][0]} x {sizes[-1][1]} pixels"


def _shown(contract: Contract) -> str:
    if contract.tiling is not None:
        return f"windows of {contract.tiling.size} x {contract.tiling.size} pixels of an image"
    return "each image"
