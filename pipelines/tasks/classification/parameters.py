"""The parameters that every classification model takes."""

from typing import Literal

from pydantic import Field

from pipelines import parameters
from tatara.core.contract import PrepareScaling


class Parameters(parameters.Parameters):
    """See `pipelines.parameters.Parameters` for those of every kind."""

    kind: str = "classification"

    size: int = Field(224, ge=8, le=1024, description="side of the prepared image in pixels")
    resize: Literal["stretch", "crop"] = "crop"
    channels: Literal["rgb", "bgr"] = "rgb"
    scaling: PrepareScaling = "signed"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    label_smoothing: float = Field(0.0, ge=0, lt=1)
    class_weights: bool = Field(False, description="weigh classes by the inverse of their frequency")
    dropout: float = Field(0.2, ge=0, lt=1, description="before the last layer")

    flip: bool = Field(False, description="augmentation: mirror left and right")
    rotate: float = Field(0.0, ge=0, le=0.5, description="augmentation: up to this part of a full turn")
    shift: float = Field(0.0, ge=0, lt=1, description="augmentation: up to this part of the side")
    zoom: float = Field(0.0, ge=0, lt=1, description="augmentation: up to this part")
    contrast: float = Field(0.0, ge=0, lt=1, description="augmentation: up to this part")
