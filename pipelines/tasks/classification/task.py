"""What is particular to classification, under the names that the stages ask every kind for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.tasks.classification.parameters import Parameters
from tatara.core.contract import ImagePreparation

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

DEFAULT_MODEL = "small_cnn"
MODALITY = "image"


def preparation(parameters: Parameters) -> ImagePreparation:
    """The preparation that the parameters ask for."""
    names = ImagePreparation.model_fields
    return ImagePreparation(**{name: getattr(parameters, name) for name in names})


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The model named by the parameters: prepared ``float32 (batch, size, size, 3)`` -> logits ``(batch, classes)``.

    Its last layer is named ``head``; everything below it is the backbone.
    """
    model: keras.Model = registry_of_parameters.model_module("classification", parameters.model).build(
        parameters, classes
    )
    return model


def targets(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int32]:
    """Class indices ``int32 (examples,)`` of the labels."""
    index = {name: position for position, name in enumerate(classes)}
    return np.array([index[label] for label in labels], np.int32)


def finish(logits: "tf.Tensor") -> Mapping[str, Any]:
    """The exported model's outputs by name: ``probabilities`` float32 (batch, classes)."""
    import tensorflow as tf

    return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32), axis=-1)}


def output_shapes(parameters: Parameters, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `finish`'s outputs."""
    return {"probabilities": (classes,)}
