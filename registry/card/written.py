"""What the steps of a run wrote, as far as a card tells of it. Other fields are let be."""

from typing import Literal, get_args

from pydantic import BaseModel, model_validator

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


class Extent(BaseModel):
    """Of an image in pixels, of a sound in seconds or samples a second."""

    min: float
    max: float


class Data(BaseModel):
    """A dataset as it was validated; see `pipelines.validation.described`, which writes it."""

    name: str
    revision: str
    licence: str
    source: str
    citation: str | None = None
    notes: str | None = None
    classes: tuple[str, ...]
    files: dict[Split, int]
    modality: str = "image"
    width: Extent | None = None
    height: Extent | None = None
    seconds: Extent | None = None
    rate: Extent | None = None
    counted: str
    counts: dict[Split, dict[str, int]]

    @model_validator(mode="after")
    def _whole(self) -> "Data":
        """Every split is there."""
        if {*self.files} != {*SPLITS} or {*self.counts} != {*SPLITS}:
            raise ValueError("a split is missing")
        return self


class Rule(BaseModel):
    """What became of one rule of the validation, see `pipelines.validation.check`."""

    rule: str
    table: str
    success: bool
    checked: int
    failing: int


class Validated(BaseModel):
    """All of them."""

    rules: tuple[Rule, ...] = ()


class Ran(BaseModel):
    """What a training recorded, see `pipelines.stages.train`."""

    git_commit: str | None = None
    git_dirty: bool = False
    lock_sha256: str | None = None
    revision: str | None = None
    device: str = ""
    epochs_trained: int | None = None
    best_epoch: int | None = None
    training_seconds: float = 0.0
    warnings: tuple[str, ...] = ()
