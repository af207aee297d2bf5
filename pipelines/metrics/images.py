"""How like two images are: a made one and the true one, both ``uint8 (height, width, 3)``, RGB."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tatara.core.kinds.image import colourfulness
from tatara.core.statistics import Interval, bootstrap, wilson

Pixels = NDArray[np.uint8]
MOST_DB = 100.0
"""Peak signal-to-noise ratio of equal images, whose own is infinite."""
WINDOW = 11
"""Side of SSIM's Gaussian window in pixels."""
FEW = 10
"""Images below which agreement says little, however many windows they have."""


def decisions(height: int, width: int) -> int:
    """That an image holds: SSIM's windows, side by side, one at least."""
    return max(1, height // WINDOW) * max(1, width // WINDOW)


def trials(sizes: Sequence[tuple[int, int]]) -> int:
    """Decisions of images of such heights and widths; of a handful of images no more than there are images."""
    return len(sizes) if len(sizes) < FEW else sum(decisions(*size) for size in sizes)


def likeness(made: Pixels, true: Pixels) -> dict[str, float]:
    """By name.

    ``ssim``: structural similarity, mean over the channels, with the paper's Gaussian window (Wang et al. 2004); images
    of less than `WINDOW` pixels are mirrored up to it. ``psnr``: dB, at most `MOST_DB`. ``absolute_error``: mean of a
    channel's, 0..1. ``colour_difference``: mean distance in CIE L*a*b* (CIE76), of which 2.3 is just to be seen.
    """
    from skimage.color import deltaE_cie76, rgb2lab
    from skimage.metrics import mean_squared_error, structural_similarity

    padding = [(0, max(0, WINDOW - length)) for length in true.shape[:2]]
    whole = [np.pad(each, [*padding, (0, 0)], mode="symmetric") for each in (made, true)]
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    error = float(mean_squared_error(made, true)) / 255**2
    return {
        "ssim": float(structural_similarity(*whole, channel_axis=2, **options)),
        "psnr": float(min(MOST_DB, -10 * np.log10(error))) if error else MOST_DB,
        "absolute_error": float(np.abs(made.astype(np.int16) - true).mean()) / 255,
        "colour_difference": float(deltaE_cie76(rgb2lab(made), rgb2lab(true)).mean()),
    }


def told(image: Pixels, made: Pixels, true: Pixels) -> dict[str, float]:
    """`likeness` of what was made, that of the image itself as ``input_...``, and how colourful all three are."""
    own = {f"input_{name}": value for name, value in likeness(image, true).items()}
    colours = {"colourfulness": made, "truth_colourfulness": true, "input_colourfulness": image}
    return likeness(made, true) | own | {name: colourfulness(each) for name, each in colours.items()}


def figures(rows: Sequence[Mapping[str, float]], seed: int) -> dict[str, Interval]:
    """Means of what `told` gives, with BCa intervals over the images, and ``psnr_gain`` over the image itself.

    Where every image has the same ``ssim``, its interval is Wilson's of as many trials.
    """
    names = [*rows[0], "psnr_gain"]
    values = np.array([[*row.values(), row["psnr"] - row["input_psnr"]] for row in rows])
    found = dict(zip(names, bootstrap(values, lambda means: means, seed), strict=True))
    if found["ssim"].high - found["ssim"].low < 1e-9:
        found["ssim"] = wilson(found["ssim"].value * len(rows), len(rows))
    return found
