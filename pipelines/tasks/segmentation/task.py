"""What is particular to semantic segmentation, under the names that the stages ask every kind for."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.nn.prepare import preparation_of
from pipelines.tasks.segmentation.frame import in_frame
from pipelines.tasks.segmentation.parameters import Parameters
from pipelines.truth import IGNORE
from tatara.core.errors import UsageError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.nn.augment import Augmentation

DEFAULT_MODELS = {"image": "unet"}
"""By modality of the data."""
READS = ("segmentation", "instances")
BACKGROUND = "background"
"""What no object covers, where a dataset marks objects."""


def labels(description: Description) -> tuple[str, ...]:
    """The classes of a pixel: the dataset's, after ``background`` where it has objects.

    Raises:
        UsageError: there is only one class, so nothing to decide, or more than a mask of 8 bits can tell.
    """
    found = tuple(description.classes)
    if description.kind == "instances":
        found = (BACKGROUND, *(name for name in found if name != BACKGROUND))
    if len(found) < 2:
        raise UsageError(f"segmentation tells classes apart, and the dataset has only {found[0]!r}; name a second one")
    if len(found) > IGNORE:
        raise UsageError(f"segmentation tells up to {IGNORE} classes apart, and the dataset has {len(found)}")
    return found


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The model named by the parameters: ``float32 (batch, size, size, 3)`` -> logits (batch, size, size, classes)."""
    model: keras.Model = registry_of_parameters.model_module("segmentation", parameters.model).build(
        parameters, classes
    )
    return model


def targets(examples: Sequence[Example], classes: Sequence[str], parameters: Parameters) -> NDArray[np.uint8]:
    """Positions of the classes ``uint8 (examples, size, size)`` in the prepared frame; 255 is ignored."""
    frame = preparation_of(parameters)
    found = np.empty((len(examples), frame.size, frame.size), np.uint8)
    for position, example in enumerate(examples):
        found[position] = in_frame(example.class_map(classes), frame)
    return found


def augmentation(parameters: Parameters) -> "Augmentation | None":
    """What the parameters ask to be done to training images and their masks, or None."""
    from pipelines.nn.augment_masks import mask_augmentation
    from pipelines.nn.colour import tinted
    from pipelines.nn.moves import moves_of

    p = parameters
    return tinted(p, mask_augmentation(p.seed, moves_of(p), p.contrast, p.elastic))


def loss(parameters: Parameters, targets: NDArray[np.uint8], classes: int) -> Callable[[Any, Any], Any]:
    """Cross entropy, and the Dice loss where it is asked for, by example; see `learning`.

    Args:
        parameters: whether to weigh classes, and the Dice loss's weight.
        targets: of the training split, whose shares of pixels the class weights are the inverse of.
        classes: how many there are.
    """
    from pipelines.tasks.segmentation import learning

    weights = learning.class_weights(targets, classes) if parameters.class_weights else np.ones(classes, np.float32)
    return learning.segmentation_loss(weights, parameters.dice)


def metrics(classes: int) -> "list[keras.metrics.Metric]":
    """What is measured while training, beside the loss: ``pixel_accuracy`` and ``miou``."""
    from pipelines.tasks.segmentation import learning

    return [learning.PixelAccuracy(name="pixel_accuracy"), learning.mean_iou(classes)]


def chance_loss(classes: int) -> float:
    """The cross entropy of a model that knows nothing."""
    return math.log(classes)


def symptoms(outputs: NDArray[np.float32], targets: NDArray[np.uint8], classes: Sequence[str]) -> list[str]:
    """Warnings about logits ``float32 (examples, size, size, classes)`` on the valid split."""
    counted = targets != IGNORE
    predicted = np.unique(outputs.argmax(axis=-1)[counted])
    if len(predicted) == 1 and len(np.unique(targets[counted])) > 1:
        return [f"one class is predicted for every pixel: {classes[int(predicted[0])]}"]
    return []


def decode(raw: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """The exported model's output by name: ``probabilities`` float32 (batch, classes, size, size).

    A plane for each class, and the softmax written out: ONNX Runtime's own takes one pixel after the other, which was a
    quarter of U-Net's time.
    """
    import tensorflow as tf

    planes = tf.transpose(tf.cast(raw, tf.float32), [0, 3, 1, 2])
    powers = tf.exp(planes - tf.reduce_max(planes, axis=1, keepdims=True))
    return {"probabilities": powers / tf.reduce_sum(powers, axis=1, keepdims=True)}


def output_shapes(parameters: Parameters, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `decode`'s outputs."""
    return {"probabilities": (classes, parameters.size, parameters.size)}


def finish(outputs: Mapping[str, Any], size: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """One example's answer in its own pixels: ``labels`` uint8 and ``confidence`` float32, both (height, width).

    Args:
        outputs: of `decode`, without the batch axis.
        size: int32 (2,), height and width of the original.
        parameters: for the preparation.
    """
    from pipelines.tasks.segmentation.finishing import enlarged_argmax

    found, confidence = enlarged_argmax(outputs["probabilities"], size, preparation_of(parameters))
    return {"labels": found, "confidence": confidence}


def finished_shapes(classes: int) -> dict[str, tuple[int | str, ...]]:
    """Shape of each of `finish`'s outputs."""
    return {"labels": ("height", "width"), "confidence": ("height", "width")}


def sample_picture(
    path: Path, images: NDArray[np.float32], targets: NDArray[np.uint8], classes: Sequence[str], title: str
) -> None:
    """Draw training images ``(examples, side, side, 3)``, RGB in 0..1, with their masks, as the model sees them."""
    from pipelines.tasks.segmentation.samples import draw_samples

    draw_samples(path, images, targets, classes, title)
