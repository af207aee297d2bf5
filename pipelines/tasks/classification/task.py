"""What is particular to classification, under the names that the stages ask every kind for."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.tasks.classification.parameters import AudioParameters, Classifying, Parameters

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.nn.augment import Augmentation

DEFAULT_MODELS = {"image": "small_cnn", "audio": "logmel_cnn"}
"""By modality of the data."""
READS = ("classification",)
"""Kinds of datasets that can be trained on."""


def labels(description: Description) -> tuple[str, ...]:
    """Class names in the order of the model's outputs."""
    return description.classes


def build(parameters: Classifying, classes: int) -> "keras.Model":
    """The model named by the parameters: prepared examples, ``float32 (batch, size, size, 3)`` of
    images and ``(batch, length, 1)`` of sounds -> logits ``(batch, classes)``.

    Its last layer is named ``head``; everything below it is the backbone.
    """
    model: keras.Model = registry_of_parameters.model_module("classification", parameters.model).build(
        parameters, classes
    )
    return model


def targets(examples: Sequence[Example], classes: Sequence[str], parameters: Classifying) -> NDArray[np.int32]:
    """Class indices ``int32 (examples,)``."""
    index = {name: position for position, name in enumerate(classes)}
    return np.array([index[example.label] for example in examples], np.int32)


def decode(raw: "tf.Tensor", parameters: Classifying) -> Mapping[str, Any]:
    """The exported model's outputs by name: ``probabilities`` float32 (batch, classes) from logits."""
    import tensorflow as tf

    return {"probabilities": tf.nn.softmax(tf.cast(raw, tf.float32), axis=-1)}


def output_shapes(parameters: Classifying, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `decode`'s outputs."""
    return {"probabilities": (classes,)}


def finished_shapes(classes: int) -> dict[str, tuple[int | str, ...]]:
    """Nothing: probabilities need no finishing in the image's pixels."""
    return {}


def augmentation(parameters: Classifying) -> "Augmentation | None":
    """What the parameters ask to be done to training examples, or None."""
    if isinstance(parameters, AudioParameters):
        from pipelines.nn.augment_sound import sound_augmentation

        return sound_augmentation(parameters.seed, parameters.shift, parameters.gain, parameters.noise)
    assert isinstance(parameters, Parameters)
    from pipelines.nn.augment import image_augmentation
    from pipelines.nn.colour import tinted
    from pipelines.nn.moves import moves_of

    return tinted(parameters, image_augmentation(parameters.seed, moves_of(parameters), parameters.contrast))


def loss(parameters: Classifying, targets: NDArray[np.int32], classes: int) -> Callable[[Any, Any], Any]:
    """Cross entropy of class indices (batch,) and logits (batch, classes), by example.

    Args:
        parameters: label smoothing, and whether to weigh classes.
        targets: of the training split, whose frequencies the class weights are the inverse of.
        classes: how many there are.
    """
    import keras
    import tensorflow as tf

    counts = np.bincount(targets, minlength=classes)
    weights = tf.constant(len(targets) / (classes * np.maximum(counts, 1)), tf.float32)

    def cross_entropy(truth: "tf.Tensor", logits: "tf.Tensor") -> "tf.Tensor":
        truth = tf.cast(tf.reshape(truth, [-1]), tf.int32)
        wanted = tf.one_hot(truth, classes)
        losses = keras.losses.categorical_crossentropy(
            wanted, logits, from_logits=True, label_smoothing=parameters.label_smoothing
        )
        return losses * tf.gather(weights, truth) if parameters.class_weights else losses

    return cross_entropy


def metrics(classes: int) -> list[Any]:
    """What is measured while training, beside the loss."""
    import keras

    return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]


def chance_loss(classes: int) -> float:
    """The loss of a model that knows nothing."""
    return math.log(classes)


def symptoms(logits: NDArray[np.float32], targets: NDArray[np.int32], classes: Sequence[str]) -> list[str]:
    """Warnings about a model's answers on the valid split: logits float32 (examples, classes)."""
    predicted = logits.argmax(axis=1)
    if len(np.unique(targets)) > 1 and len(np.unique(predicted)) == 1:
        return [f"one class is predicted for everything: {classes[int(predicted[0])]}"]
    return []


def sample_picture(
    path: Path, images: NDArray[np.float32], targets: NDArray[np.int32], classes: Sequence[str], title: str
) -> None:
    """Pictures of training examples ``float32 (examples, height, width, 3)``, RGB in 0..1, each under its label."""
    from pipelines.drawing import gallery, legible

    names = legible(classes, 16)
    gallery(path, images, [names[target] for target in targets], title)
