"""The parameters that every classification model takes."""

from typing import Literal

from pydantic import Field

from pipelines import parameters


class Parameters(parameters.AugmentedParameters):
    """See `pipelines.parameters` for those of every kind."""

    kind: str = "classification"

    resize: Literal["stretch", "crop", "pad"] = "crop"

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="share of the target that goes to all classes")
    class_weights: bool = Field(False, description="weigh classes by the inverse of their frequency")
    dropout: float = Field(0.2, ge=0, lt=1, description="before the last layer")
