"""What is particular to instance segmentation, under the names that the stages ask every kind for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.examples import Example
from pipelines.nn.boxes import PADDING
from pipelines.nn.prepare import preparation_of
from pipelines.tasks.instances.frame import finished, label_numbers, numbered
from pipelines.tasks.instances.parameters import Parameters

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.datasets.dataset import Description
    from pipelines.nn.augment import Augmentation

DEFAULT_MODELS = {"image": "mask_rcnn_small"}
"""By modality of the data."""
READS = ("instances",)

Targets = Mapping[str, NDArray[Any]]


def labels(description: "Description") -> tuple[str, ...]:
    """The classes of an object: the dataset's."""
    return tuple(description.classes)


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The model named by the parameters; see `rcnn.MaskRCNN` for what it takes and gives."""
    model: keras.Model = registry_of_parameters.model_module("instances", parameters.model).build(parameters, classes)
    return model


def targets(examples: Sequence[Example], classes: Sequence[str], parameters: Parameters) -> Targets:
    """``ids`` uint16 (examples, size, size), the number of the object at each prepared pixel, and ``labels`` int32
    (examples, objects), the class of each number from 1, `IGNORED` for crowds, `PADDING` after the last.
    """
    preparation = preparation_of(parameters)
    ids = np.zeros((len(examples), preparation.size, preparation.size), np.uint16)
    named = []
    for position, example in enumerate(examples):
        objects = example.objects()
        ids[position] = numbered(objects, preparation)
        named.append(label_numbers(objects, classes))
    padded = np.full((len(examples), max(1, *map(len, named))), PADDING, np.int32)
    for row, numbers in zip(padded, named, strict=True):
        row[: len(numbers)] = numbers
    return {"ids": ids, "labels": padded}


def augmentation(parameters: Parameters) -> "Augmentation | None":
    """What the parameters ask to be done to training images and their objects, or None."""
    from pipelines.tasks.instances.augmentation import instance_augmentation

    return instance_augmentation(parameters)


def loss(parameters: Parameters, targets: Targets, classes: int) -> None:
    """None: the model computes its own."""


def metrics(classes: int) -> list[Any]:
    """None beside the parts of the loss, which the model keeps itself."""
    return []


def chance_loss(classes: int) -> None:
    """None: the loss sums five parts, some of them over what the model itself proposes."""


def symptoms(outputs: Mapping[str, NDArray[Any]], targets: Targets, classes: Sequence[str]) -> list[str]:
    """Warnings about the model's outputs on the valid split."""
    known = np.unique(targets["labels"][targets["labels"] >= 0])
    predicted = np.unique(outputs["classes"][outputs["scores"] > 0])
    if len(known) and not len(predicted):
        return ["no object is found on the valid split; train longer, or look at the sample picture"]
    if len(known) > 1 and len(predicted) == 1:
        return [f"one class is predicted for every object: {classes[int(predicted[0])]}"]
    return []


def decode(raw: Mapping[str, Any], parameters: Parameters) -> Mapping[str, Any]:
    """The model's outputs as they are: it decodes boxes itself, since the mask head looks at the kept ones."""
    return raw


def output_shapes(parameters: Parameters, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `decode`'s outputs."""
    most = parameters.detections
    return {"boxes": (most, 4), "scores": (most,), "classes": (most,), "masks": (most, 28, 28)}


def finish(outputs: Mapping[str, Any], size: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """One image's objects in its own pixels: ``boxes``, ``scores``, ``classes`` and ``masks``; see `frame.finished`.

    Args:
        outputs: of `decode`, without the batch axis.
        size: int32 (2,), height and width of the original.
        parameters: for the preparation.
    """
    return finished(outputs, size, preparation_of(parameters))


def finished_shapes(classes: int) -> dict[str, tuple[int | str, ...]]:
    """Shape of each of `finish`'s outputs."""
    one = "detections"
    return {"boxes": (one, 4), "scores": (one,), "classes": (one,), "masks": (one, "height", "width")}


def sample_picture(
    path: Path, images: NDArray[np.float32], targets: Targets, classes: Sequence[str], title: str
) -> None:
    """Draw training images ``(examples, side, side, 3)``, RGB in 0..1, with their objects, as the model sees them."""
    from pipelines.tasks.instances.samples import draw_samples

    draw_samples(path, images, targets["ids"], targets["labels"], classes, title)
