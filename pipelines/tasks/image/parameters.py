"""The parameters that every model takes that makes an image of an image."""

from typing import Literal

from pydantic import Field

from pipelines import parameters
from tatara.core.contract import PrepareScaling

Loss = Literal["l1", "l2", "bce", "ssim"]


class Parameters(parameters.TiledParameters):
    """See `pipelines.parameters` for those of every kind.

    Pixels are not scaled: an image is answered in windows of ``size``, which overlap and are blended. For
    colourisation, ``channels=grey`` has the model see the luma of whatever it is sent.
    """

    kind: str = "image"
    size: int = Field(128, ge=16, le=1024, description="side of the window in pixels")
    resize: Literal["none"] = "none"
    scaling: PrepareScaling = "signed"
    tile: Literal[True] = True
    tile_size: Literal[0] = Field(0, description="a window shows as much as the model sees: see size")
    batch_size: int = Field(8, ge=1)
    epochs: int = Field(30, ge=1)

    loss: Loss = Field("l1", description="by pixel: l1, l2, bce; ssim is 0.84 (1 - SSIM) + 0.16 l1")
