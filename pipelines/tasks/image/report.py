"""The tables of an evaluation for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.examples import Example
from tatara.core.contract import Contract
from tatara.core.statistics import Interval

WORST = 20


def written(found: Mapping[str, Interval], test: Sequence[Any], train: Sequence[Example], contract: Contract) -> str:
    """The whole report in Markdown.

    Args:
        found: the figures.
        test: records of the test split.
        train: the examples that the model learned from.
        contract: of the model.
    """
    side = contract.frame.size
    worst = sorted(test, key=lambda one: one.figures["ssim"])[:WORST]
    lines = [
        f"# Evaluation on {len(test):,} test images",
        "",
        "95 % intervals: BCa bootstrap over images, paired percentiles for `above_chance`, Newcombe's for the gap.",
        "`ssim` and `psnr` (dB) are better when higher, `absolute_error` and `colour_difference` (CIE76: 2.3 is just",
        "to be seen) when lower; `input_...` is the image as it was sent, held against the truth.",
        "",
        "| metric | value | low | high |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {one.value:.4f} | {one.low:.4f} | {one.high:.4f} |" for name, one in found.items()),
        "",
        "## Trained on",
        "",
        f"{len(train):,} pairs, {_extent(train)}, in windows of {side} x {side} pixels as they are. The test images",
        f"are {_extent(test)}. What is drawn larger or smaller than there may be answered worse.",
        "",
        f"## The {len(worst)} worst",
        "",
        "| image | SSIM | PSNR | PSNR of the image itself | answer |",
        "|---|---:|---:|---:|---|",
        *(_row(one) for one in worst),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(one: Any) -> str:
    figures = one.figures
    shown = f"{figures['ssim']:.4f} | {figures['psnr']:.2f} | {figures['input_psnr']:.2f}"
    return f"| {one.path.replace('|', chr(92) + '|')} | {shown} | answers/{one.digest[:12]}….png |"


def _extent(images: Sequence[Any]) -> str:
    sizes = sorted({(one.width, one.height) for one in images}, key=lambda size: size[0] * size[1])
    first = f"{sizes[0][0]} x {sizes[0][1]}"
    return f"{first} pixels" if len(sizes) == 1 else f"{first} to {sizes[-1][0]} x {sizes[-1][1]} pixels"
