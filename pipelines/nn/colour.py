"""Augmentation of light and colour, and prepared images as pictures: the preparation's arithmetic backwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.prepare import preparation_of
from tatara.core.contract import ImagePreparation, Preparation
from tatara.core.modalities import audio

if TYPE_CHECKING:
    import tensorflow as tf

    from pipelines.nn.augment import Augmentation
    from pipelines.parameters import AugmentedParameters

RANGES = {"none": (0.0, 255.0), "unit": (0.0, 1.0), "signed": (-1.0, 1.0), "standard": (0.0, 1.0)}
"""Of a scaled pixel."""


def pictured(images: Any, preparation: ImagePreparation) -> Any:
    """Prepared images (..., 3), array or tensor, as RGB in 0..1 as far as they came from pixels."""
    low, high = RANGES[preparation.scaling]
    mean, deviation = np.array(preparation.mean, np.float32), np.array(preparation.deviation, np.float32)
    pixels = (images * deviation + (mean - low)) / np.float32(high - low)
    return pixels[..., ::-1] if preparation.channels == "bgr" else pixels


def prepared_pictures(batch: NDArray[np.float32], preparation: Preparation) -> NDArray[np.float32]:
    """Pictures of prepared examples, RGB in 0..1: the images themselves, or sounds drawn."""
    if isinstance(preparation, ImagePreparation):
        shown: NDArray[np.float32] = pictured(batch, preparation).clip(0, 1)
        return shown
    drawn = np.stack([audio.pictured(sound, preparation) for sound in batch])
    return drawn.astype(np.float32) / np.float32(255)


def unpictured(pixels: Any, preparation: ImagePreparation) -> Any:
    """The reverse of `pictured`."""
    low, high = RANGES[preparation.scaling]
    mean, deviation = np.array(preparation.mean, np.float32), np.array(preparation.deviation, np.float32)
    ordered = pixels[..., ::-1] if preparation.channels == "bgr" else pixels
    return (ordered * np.float32(high - low) + (low - mean)) / deviation


def grey(preparation: ImagePreparation) -> float:
    """The prepared value of medium grey, the mean of the channels."""
    found: NDArray[np.float32] = unpictured(np.full(3, 0.5, np.float32), preparation)
    return float(found.mean())


def colour_augmentation(
    seed: int, strength: float, preparation: ImagePreparation
) -> "Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None":
    """A function on prepared images ``float32 (batch, size, size, 3)`` and the step; None if ``strength`` is 0.

    Brightness by up to an eighth, contrast and saturation by up to a half, hue by up to a twentieth of its circle,
    all times ``strength``, each for half of the images (arXiv:1312.5402, as in section 3.6 of arXiv:1512.02325).
    """
    import tensorflow as tf

    if not strength:
        return None

    def augment(images: "tf.Tensor", step: "tf.Tensor") -> "tf.Tensor":
        key = tf.stack([tf.cast(seed, tf.int64), step]) + 4
        shape = tf.stack([4, tf.shape(images)[0], 1, 1])
        amounts = tf.random.stateless_uniform(shape, key, -strength, strength)
        done = tf.random.stateless_uniform(shape, key + 1) < 0.5
        light, contrast, saturation, hue = tf.unstack(tf.where(done, amounts, 0.0))
        pixels = pictured(images, preparation)
        pixels = tf.clip_by_value((pixels + light[..., None] / 8 - 0.5) * (1 + contrast[..., None] / 2) + 0.5, 0.0, 1.0)
        hues, saturations, values = tf.unstack(tf.image.rgb_to_hsv(pixels), axis=-1)
        hues = tf.math.floormod(hues + hue / 20, 1.0)
        saturations = tf.clip_by_value(saturations * (1 + saturation / 2), 0.0, 1.0)
        return unpictured(tf.image.hsv_to_rgb(tf.stack([hues, saturations, values], axis=-1)), preparation)

    return augment


def tinted(parameters: "AugmentedParameters", move: "Augmentation | None") -> "Augmentation | None":
    """``move`` after the changes in light and colour that the parameters ask for; None if there are neither."""
    colours = colour_augmentation(parameters.seed, parameters.colour, preparation_of(parameters))
    if colours is None:
        return move

    def augment(images: "tf.Tensor", targets: Any, step: "tf.Tensor") -> tuple["tf.Tensor", Any]:
        images = colours(images, step)
        return (images, targets) if move is None else move(images, targets, step)

    return augment
