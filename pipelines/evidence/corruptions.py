"""Small corruptions of an image, such as a camera, a compressor or the weather make; the same every time.

After Hendrycks and Dietterich 2019, Benchmarking neural network robustness to common corruptions and perturbations, at
strengths below their mildest: what a person hardly notices and a model should not either.
"""

import io
from collections import ChainMap
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.evidence import sound_corruptions
from tatara.core.files import sha256_bytes

Pixels = NDArray[np.uint8]
BLUR, NOISE, QUALITY, DARK, BRIGHT = 1 / 200, 8.0, 50, 0.75, 1.25
"""Blur's deviation as part of the shorter side (at least `LEAST_BLUR` pixels), noise's in levels of 255, JPEG's
quality, and factors on the levels."""
LEAST_BLUR = 0.4


def blur(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Gaussian, as out of focus."""
    from PIL import Image, ImageFilter

    deviation = max(LEAST_BLUR, BLUR * min(pixels.shape[:2]))
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(deviation)))


def noise(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Gaussian, of each channel alone, as in little light."""
    return _levels(pixels + generator.normal(0.0, NOISE, pixels.shape))


def jpeg(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Compressed once more."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=QUALITY)
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))


def dark(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """Less light."""
    return _levels(pixels * DARK)


def bright(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """More light; what was bright is cut."""
    return _levels(pixels * BRIGHT)


CORRUPTIONS: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "blur": blur, "noise": noise, "jpeg": jpeg, "dark": dark, "bright": bright,
}  # fmt: skip
BY_MODALITY: dict[str, dict[str, Callable[[Any, np.random.Generator], Any]]] = {
    "image": CORRUPTIONS, "audio": sound_corruptions.CORRUPTIONS,
}  # fmt: skip


def corrupt(name: str, decoded: NDArray[Any], path: str, seed: int) -> NDArray[Any]:
    """A corruption of an image ``uint8 (height, width, 3)`` or a sound ``float32 (samples, 1)``, by its name.

    It is the same for the same name, path and seed.
    """
    generator = np.random.default_rng([seed, int(sha256_bytes(f"{name} {path}".encode())[:8], 16)])
    found: NDArray[Any] = ChainMap(*BY_MODALITY.values())[name](decoded, generator)
    return found


def _levels(values: NDArray[np.floating]) -> Pixels:
    found: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found
