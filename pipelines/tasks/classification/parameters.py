"""The parameters that every classification model takes."""

from typing import Literal

from pydantic import Field

from pipelines import parameters


class Parameters(parameters.ImageParameters):
    """See `pipelines.parameters` for those of every kind."""

    kind: str = "classification"

    resize: Literal["stretch", "crop", "pad"] = "crop"

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target that goes to all classes")
    class_weights: bool = Field(False, description="weigh classes by the inverse of their frequency")
    dropout: float = Field(0.2, ge=0, lt=1, description="before the last layer")

    flip: bool = Field(False, description="augmentation: mirror left and right")
    rotate: float = Field(0.0, ge=0, le=0.5, description="augmentation: up to this part of a full turn")
    shift: float = Field(0.0, ge=0, lt=1, description="augmentation: up to this part of the side")
    zoom: float = Field(0.0, ge=0, lt=1, description="augmentation: scale by 1 - zoom to 1 + zoom")
    contrast: float = Field(
        0.0, ge=0, lt=1, description="augmentation: spread of levels by 1 - contrast to 1 + contrast"
    )
