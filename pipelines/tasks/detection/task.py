"""What is particular to detection, under the names that the stages ask every kind for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.examples import Example
from pipelines.nn.prepare import preparation_of
from pipelines.tasks.detection.parameters import Parameters

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.datasets.dataset import Description
    from pipelines.nn.augment import Augmentation

DEFAULT_MODELS = {"image": "ssd_mobilenet"}
"""By modality of the data."""
READS = ("detection", "instances")
"""Kinds of datasets that can be trained on."""
UNSURE = 0.1
"""The best score of a model that has found nothing."""


def labels(description: "Description") -> tuple[str, ...]:
    """Class names in the order of the model's outputs."""
    return tuple(description.classes)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The model named by the parameters: ``float32 (batch, size, size, 3)`` -> (batch, boxes, 4 + 1 + classes).

    The outputs are offsets from `default_boxes`, then logits of background and of each class.
    """
    model: keras.Model = _module(parameters).build(parameters, classes)
    return model


def default_boxes(parameters: Parameters) -> NDArray[np.float32]:
    """The model's default boxes ``float32 (boxes, 4)`` in the unit square of the prepared image."""
    found: NDArray[np.float32] = _module(parameters).default_boxes(parameters)
    return found


def _module(parameters: Parameters) -> Any:
    return registry_of_parameters.model_module("detection", parameters.model)


def targets(examples: Sequence[Example], classes: Sequence[str], parameters: Parameters) -> NDArray[np.float32]:
    """Truths ``float32 (examples, objects, 5)``: boxes in the unit square of the prepared image, and class indices.

    Index -1 is padding, -2 a crowd, which is neither learned nor background.
    """
    from pipelines.tasks.detection.truths import in_frame

    return in_frame([example.objects() for example in examples], classes, preparation_of(parameters))


def augmentation(parameters: Parameters) -> "Augmentation | None":
    """What the parameters ask to be done to training images and their boxes, or None."""
    from pipelines.nn.augment_boxes import box_augmentation
    from pipelines.nn.colour import grey, tinted
    from pipelines.nn.moves import moves_of

    p, fill = parameters, grey(preparation_of(parameters))
    return tinted(p, box_augmentation(p.seed, moves_of(p), p.zoom_out, p.crop, p.contrast, p.mosaic, fill))


def loss(parameters: Parameters, targets: NDArray[np.float32], classes: int) -> Callable[[Any, Any], Any]:
    """SSD's loss by example; see `pipelines.tasks.detection.loss`."""
    from pipelines.tasks.detection.loss import multibox_loss

    return multibox_loss(default_boxes(parameters), parameters.negatives)


def metrics(classes: int) -> "list[keras.metrics.Metric]":
    """Nothing beside the loss: precision takes all images at once, and is the evaluation's."""
    return []


def chance_loss(classes: int) -> float | None:
    """None: what is mined as background depends on what the model knows."""
    return None


def symptoms(outputs: NDArray[np.float32], targets: NDArray[np.float32], classes: Sequence[str]) -> list[str]:
    """Warnings about raw outputs ``float32 (examples, boxes, 4 + 1 + classes)`` on the valid split."""
    if not (targets[..., 4] >= 0).any():
        return []
    logits = outputs[..., 4:].astype(np.float64)
    logs = logits[..., 1:] - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    surest = np.exp(logs.max(axis=(0, 1)))
    if surest.max() < UNSURE:
        return [f"no object is found in any valid image (the highest score is {surest.max():.2g}); train for longer"]
    missed = [classes[int(i)] for i in np.unique(targets[..., 4]) if i >= 0 and surest[int(i)] < UNSURE]
    return [f"never found in the valid images, though they show it: {', '.join(missed)}"] if missed else []


def decode(raw: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """The exported model's outputs by name, in the prepared frame; see `decoding.detections`."""
    from pipelines.tasks.detection.decoding import detections

    return detections(raw, default_boxes(parameters), parameters)


def output_shapes(parameters: Parameters, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `decode`'s outputs."""
    most = parameters.max_detections
    return {"boxes": (most, 4), "scores": (most,), "classes": (most,)}


def finish(outputs: Mapping[str, Any], size: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """One image's answer: ``boxes`` float32 (detections, 4) in its own pixels, ``scores`` falling, ``classes`` int32.

    Args:
        outputs: of `decode`, without the batch axis.
        size: int32 (2,), height and width of the original.
        parameters: for the preparation.
    """
    from pipelines.tasks.detection.decoding import finished

    return finished(outputs, size, parameters)


def finished_shapes(classes: int) -> dict[str, tuple[int | str, ...]]:
    """Shape of each of `finish`'s outputs."""
    return {"boxes": ("detections", 4), "scores": ("detections",), "classes": ("detections",)}


def sample_picture(
    path: Path, images: NDArray[np.float32], targets: NDArray[np.float32], classes: Sequence[str], title: str
) -> None:
    """Draw training images ``(examples, side, side, 3)``, RGB in 0..1, with their boxes, as the model sees them."""
    from pipelines.tasks.detection.samples import draw_samples

    draw_samples(path, images, targets, classes, title)
