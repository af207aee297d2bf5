"""The parameters that every segmentation model takes."""

from pydantic import Field

from pipelines import parameters


class Parameters(parameters.DenseParameters):
    """See `pipelines.parameters` for those of every kind.

    The augmentation suits photographs. What has no upside, such as tissue, wants ``rotate=0.5``, and what is soft
    ``elastic=0.02``; where left and right differ, ``flip=none``.
    """

    kind: str = "segmentation"
    epochs: int = Field(40, ge=1)

    class_weights: bool = Field(False, description="weigh classes by the inverse of their share of pixels, at most 10")
    dice: float = Field(0.0, ge=0, le=10, description="weight of the Dice loss beside the cross entropy")

    rotate: float = Field(0.03, ge=0, le=0.5)
    shift: float = Field(0.1, ge=0, lt=1)
    zoom: float = Field(0.2, ge=0, lt=1)
    contrast: float = Field(0.2, ge=0, lt=1)
    elastic: float = Field(
        0.0, ge=0, le=0.2, description="augmentation: smooth deformation, its deviation a part of the side"
    )
