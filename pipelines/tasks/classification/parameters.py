"""The parameters that every classification model takes."""

from typing import Literal

from pydantic import Field

from pipelines import parameters


class Classifying(parameters.Parameters):
    """What is learned of images and of sounds alike; see `pipelines.parameters` for what every kind takes."""

    kind: str = "classification"

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target that goes to all classes")
    class_weights: bool = Field(False, description="weigh classes by the inverse of their frequency")
    dropout: float = Field(0.2, ge=0, lt=1, description="before the last layer")


class Parameters(Classifying, parameters.AugmentedParameters):
    """Of the models that look at images."""

    resize: Literal["stretch", "crop", "pad"] = "crop"


class AudioParameters(Classifying, parameters.AudioParameters):
    """Of the models that listen."""
