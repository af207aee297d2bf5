"""What is made of a photo to pair it with: its grey levels, or its lines by one of three methods."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

REACH = 5
"""Side of the square whose brightest pixel the dilation takes, in pixels."""
FINE, COARSE, SHARE, LEVEL, STEEPNESS = 0.8, 1.6, 0.98, 0.0, 60.0
"""XDoG: deviation of the finer Gaussian in pixels, the coarser one's times that, tau, epsilon and phi."""
EDGE_SIGMA = 1.5
"""Canny: deviation of the Gaussian, in pixels."""
LUMA = (299, 587, 114)


def grey(pixels: Pixels) -> Pixels:
    """ITU-R 601 luma ``uint8 (height, width)`` of ``uint8 (height, width, 3)``, in whole numbers."""
    return np.asarray((pixels.astype(np.int32) @ np.array(LUMA, np.int32) + 500) // 1000, np.uint8)


def dilation(pixels: Pixels) -> Pixels:
    """Dark lines on white: how far each grey pixel lies below the brightest one around it."""
    from scipy.ndimage import grey_dilation

    levels = grey(pixels)
    lines: Pixels = 255 - (grey_dilation(levels, (REACH, REACH), mode="nearest") - levels)
    return lines


def xdog(pixels: Pixels) -> Pixels:
    """Ink on white by the extended difference of Gaussians (Winnemöller et al. 2012, equations 3 and 5)."""
    from scipy.ndimage import gaussian_filter

    levels = grey(pixels) / 255
    fine, coarse = (gaussian_filter(levels, sigma, mode="nearest") for sigma in (FINE, FINE * COARSE))
    apart = fine - SHARE * coarse
    ink = np.where(apart >= LEVEL, 1.0, 1 + np.tanh(STEEPNESS * (apart - LEVEL)))
    return np.asarray(np.rint(ink * 255), np.uint8)


def canny(pixels: Pixels) -> Pixels:
    """Black edges of one pixel on white (Canny 1986)."""
    from skimage.feature import canny as edges

    found = edges(grey(pixels), sigma=EDGE_SIGMA, mode="nearest")
    return np.where(found, 0, 255).astype(np.uint8)


TRANSFORMS: dict[str, Callable[[Pixels], Pixels]] = {"grey": grey, "dilation": dilation, "xdog": xdog, "canny": canny}
"""From a photo ``uint8 (height, width, 3)`` to ``uint8 (height, width)``, by name."""
