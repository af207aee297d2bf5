"""What is particular to images made of images, under the names that the stages ask every kind for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines import parameters as registry_of_parameters
from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.tasks.image.parameters import Parameters

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.nn.augment import Augmentation

DEFAULT_MODELS = {"image": "unet_image"}
"""By modality of the data."""
READS = ("image",)
GREY = 0.1
"""Of the truths' spread between the channels; answers with less have no colour to speak of."""
EVEN = 0.05
"""Of the truths' spread over an image; answers with less are one even colour."""


def labels(description: Description) -> tuple[str, ...]:
    """There are none."""
    return ()


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The model named by the parameters: ``float32 (batch, size, size, 3)`` -> images of that size, 0 to 1."""
    model: keras.Model = registry_of_parameters.model_module("image", parameters.model).build(parameters, classes)
    return model


def targets(examples: Sequence[Example], classes: Sequence[str], parameters: Parameters) -> NDArray[np.uint8]:
    """What is to be made of the examples, as they lie in the window: ``uint8 (examples, size, size, 3)``."""
    side = parameters.size
    found = np.empty((len(examples), side, side, 3), np.uint8)
    for position, example in enumerate(examples):
        pixels = example.target()
        room = [(0, side - length) for length in pixels.shape[:2]]
        found[position] = np.pad(pixels, [*room, (0, 0)], mode="symmetric")
    return found


def augmentation(parameters: Parameters) -> "Augmentation | None":
    """What the parameters ask to be done to training images and their targets, or None."""
    from pipelines.nn.augment_targets import target_augmentation
    from pipelines.nn.moves import moves_of

    return target_augmentation(parameters.seed, moves_of(parameters))


def loss(parameters: Parameters, targets: NDArray[np.uint8], classes: int) -> Callable[[Any, Any], Any]:
    """The loss by example that the parameters name; see `learning`."""
    from pipelines.tasks.image import learning

    return learning.image_loss(parameters.loss)


def metrics(classes: int) -> "list[keras.metrics.Metric]":
    """What is measured while training, beside the loss: ``psnr``, in dB."""
    import keras

    from pipelines.tasks.image import learning

    return [keras.metrics.MeanMetricWrapper(learning.psnr, name="psnr")]


def chance_loss(classes: int) -> None:
    """A model that knows nothing has no loss of its own here."""


def symptoms(outputs: NDArray[np.float32], targets: NDArray[np.uint8], classes: Sequence[str]) -> list[str]:
    """Warnings about answers ``float32 (examples, size, size, 3)`` on the valid split."""
    truths = targets.astype(np.float32) / 255
    even, true = (float(each.std(axis=(1, 2)).mean()) for each in (outputs, truths))
    if even < EVEN * true:
        return [
            f"the answers are one even colour: they spread over {even:.4f} of the range, the truths over {true:.4f}"
        ]
    colour, true = (float(each.std(axis=3).mean()) for each in (outputs, truths))
    if colour < GREY * true:
        return [f"the answers are grey: their channels differ by {colour:.4f}, those of the truths by {true:.4f}"]
    return []


def decode(raw: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """The exported model's output by name: ``image`` float32 (batch, size, size, 3), 0 to 1."""
    import tensorflow as tf

    return {"image": tf.identity(raw)}


def output_shapes(parameters: Parameters, classes: int) -> dict[str, tuple[int, ...]]:
    """Shape after the batch axis of each of `decode`'s outputs."""
    return {"image": (parameters.size, parameters.size, 3)}


def finish(outputs: Mapping[str, Any], size: "tf.Tensor", parameters: Parameters) -> Mapping[str, Any]:
    """One example's answer without the padding: ``image`` uint8 (height, width, 3).

    Args:
        outputs: of `decode`, without the batch axis.
        size: int32 (2,), height and width of the window, ``size`` at most.
        parameters: not needed.
    """
    import tensorflow as tf

    pixels = outputs["image"][: size[0], : size[1]]
    return {"image": tf.cast(tf.round(tf.clip_by_value(pixels, 0.0, 1.0) * 255), tf.uint8)}


def finished_shapes(classes: int) -> dict[str, tuple[int | str, ...]]:
    """Shape of each of `finish`'s outputs."""
    return {"image": ("height", "width", 3)}


def sample_picture(
    path: Path, images: NDArray[np.float32], targets: NDArray[np.uint8], classes: Sequence[str], title: str
) -> None:
    """Draw training images ``(examples, side, side, 3)``, RGB in 0..1, beside their targets, as the model sees them."""
    from pipelines.tasks.image.plots import draw_samples

    draw_samples(path, images, targets, title)


def progress_picture(
    path: Path, images: NDArray[np.float32], outputs: NDArray[np.float32], targets: NDArray[np.uint8], title: str
) -> None:
    """Draw valid images, what the model makes of them at this moment, and what it should, in three columns."""
    from pipelines.tasks.image.plots import draw_progress

    draw_progress(path, images, outputs, targets, title)
