"""FCN-32s on VGG16: one prediction at stride 32, enlarged 32 times.

Deviations from the paper: the convolutions pad by what keeps the side instead of by 100 pixels at the first one, so
nothing is cropped and the side must be a multiple of 32; fc6 and fc7 begin random where no weights are given; by
default a quarter of the filters with batch normalization, which learns from random weights on a CPU.
"""

from typing import TYPE_CHECKING

from pipelines.tasks.segmentation import vgg
from pipelines.tasks.segmentation.vgg import PAPER, SMALL, imagenet

if TYPE_CHECKING:
    import keras

__all__ = ["PAPER", "SMALL", "Parameters", "build", "imagenet"]


class Parameters(vgg.Parameters):
    """Those of every FCN."""

    model: str = "fcn32s"


def build(parameters: Parameters, classes: int) -> "keras.Model":
    """The network; its finest scores lie 32 pixels apart."""
    return vgg.fully_convolutional(parameters, classes, stride=32)
