"""The contract: what a model takes and gives. Semantics only, so that its digest names a meaning."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tatara.core.errors import BoundError, TataraError
from tatara.core.files import canonical_json, sha256_bytes

PrepareScaling = Literal["none", "unit", "signed", "standard"]
Finished = dict[str, NDArray[Any]]
"""The finished answer to one example, by output name."""


class Strict(BaseModel):
    """A frozen record that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ImagePreparation(Strict):
    """How one decoded image becomes the fixed tensor ``float32 (size, size, 3)``.

    Attributes:
        size: side of the square result in pixels.
        resize: ``stretch`` ignores the aspect ratio; ``crop`` scales the shorter side to ``size`` and cuts the centre;
            ``pad`` scales the longer side to ``size``, puts the image at the upper left and fills with 0 after scaling;
            ``none`` leaves the pixels of an image of at most ``size`` as they are, at the upper left, and fills up
            with its own reflection.
        channels: order of the last axis; ``grey`` is the ITU-R 601 luma in all three.
        scaling: ``none`` keeps 0..255, ``unit`` gives 0..1, ``signed`` -1..1, ``standard`` is 0..1 before mean and
            deviation.
        mean, deviation: by channel in ``channels``' order, subtracted and divided after scaling.
    """

    modality: ClassVar[str] = "image"

    size: int = Field(ge=8, le=4096)
    resize: Literal["stretch", "crop", "pad", "none"] = "stretch"
    channels: Literal["rgb", "bgr", "grey"] = "rgb"
    scaling: PrepareScaling = "signed"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the prepared tensor."""
        return (self.size, self.size, 3)

    @property
    def words(self) -> str:
        """What the model sees, for people."""
        return f"{self.size} x {self.size} pixels, {self.channels}, resize={self.resize}, scaling={self.scaling}"


class AudioPreparation(Strict):
    """How one decoded sound becomes the fixed tensor ``float32 (length, 1)``, its waveform in -1..1.

    Attributes:
        rate: samples a second, to which the decoder resamples.
        length: samples of the result; what is longer loses both ends alike, what is shorter is followed by silence.
        level: ``none`` leaves the waveform as it is; ``peak`` divides by its largest magnitude, or by 0.001 where that
            is less.
    """

    modality: ClassVar[str] = "audio"

    rate: int = Field(ge=1000, le=192_000)
    length: int = Field(ge=16, le=2**22)
    level: Literal["none", "peak"] = "none"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the prepared tensor."""
        return (self.length, 1)

    @property
    def words(self) -> str:
        """What the model hears, for people."""
        return f"{self.length / self.rate:.3g} s at {self.rate:,} samples a second, mono, level={self.level}"


Preparation = ImagePreparation | AudioPreparation


class Tiling(Strict):
    """Square windows that an image is cut into, each answered alone, with the answers merged.

    Attributes:
        size: side in pixels of the image.
        overlap: part of a window that the next one shows again.
    """

    size: int = Field(ge=8)
    overlap: float = Field(ge=0, le=0.75)


class Bound(Strict):
    """A rule that a request's measurements must satisfy, compiled from a Great Expectations suite.

    ``rule`` is the name in the suite; ``column`` names a field of the modality's measurements. Either ``minimum``
    and ``maximum`` (inclusive, either may be absent) or ``allowed`` applies.
    """

    rule: str
    column: str
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None

    def violation(self, value: float | str) -> str | None:
        """One line that says how ``value`` breaks the rule, or None where it does not."""
        if self.allowed is not None:
            if value in self.allowed:
                return None
            return f"{self._what} is {value!r}, allowed: {', '.join(self.allowed)}"
        number = float(value)
        if self.minimum is not None and number < self.minimum:
            return f"{self._what} is {number:g}, at least {self.minimum:g} is required"
        if self.maximum is not None and number > self.maximum:
            return f"{self._what} is {number:g}, at most {self.maximum:g} is allowed"
        return None

    def hold(self, value: float | str) -> None:
        """Refuse a value that breaks the rule.

        Raises:
            BoundError: it does; the message begins with the rule's name.
        """
        if violation := self.violation(value):
            raise BoundError(self.rule, violation)

    @property
    def _what(self) -> str:
        return self.rule if self.rule == self.column else f"{self.rule}: {self.column}"


class Contract(Strict):
    """What a model takes and gives.

    Attributes:
        version: of this schema.
        modality, kind: names of the modules in `tatara.core.modalities` and `tatara.core.kinds` that read requests
            and write answers.
        decoder: version of the modality's decoder that the training data went through.
        labels: class names in the order of the model's outputs; none where it answers with an image.
        preparation: of one example.
        outputs: output name of ``model.onnx`` -> shape after the batch axis.
        finished: output name of ``finish.onnx`` -> shape, a name standing for a length that is known with the image;
            empty where the outputs of ``model.onnx`` are finished answers.
        tiling: how large images are cut, or None.
        bounds: rules that every request must satisfy.
    """

    version: Literal[2] = 2
    modality: Literal["image", "audio"]
    kind: Literal["classification", "detection", "segmentation", "instances", "image"]
    decoder: str
    labels: tuple[str, ...]
    preparation: Preparation
    outputs: dict[str, tuple[int, ...]]
    finished: dict[str, tuple[int | str, ...]] = {}
    tiling: Tiling | None = None
    bounds: tuple[Bound, ...] = ()

    @property
    def frame(self) -> ImagePreparation:
        """The preparation of a kind that looks at images."""
        assert isinstance(self.preparation, ImagePreparation)
        return self.preparation

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256_bytes(self.canonical().encode())

    def canonical(self) -> str:
        """The contract's one text form, as it lies in ``contract.json``."""
        return canonical_json(self.model_dump(mode="json"))


def read_contract(path: Path) -> Contract:
    """Parse ``contract.json``.

    Raises:
        TataraError: missing, or not a contract of this version.
    """
    try:
        return Contract.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TataraError(f"{path}: no contract there; package the model again") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TataraError(f"{path}: not a contract that this version reads ({where}: {first['msg']})") from None
