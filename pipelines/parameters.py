"""The parameters of a run: the same names on the command line, in ``params.yaml``, in MLflow and in Python."""

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipelines.datasets.dataset import dataset_names, open_dataset
from tatara.core.contract import PrepareScaling, Tiling
from tatara.core.errors import UsageError


class Parameters(BaseModel):
    """What every run of every kind takes. A model's module extends it with its own names and defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    modality: ClassVar[str]
    """Of the examples, see `tatara.core.modalities`."""

    kind: str = Field(description="what is learned")
    data: str = Field(min_length=1, description="name of a folder under data/")
    model: str = Field(description="see `tatara models list`")
    name: str | None = Field(None, description="registered name; the dataset's by default")
    seed: int = Field(0, ge=0, lt=2**31, description="of first weights, order, augmentation and resampling")
    deterministic: bool = Field(True, description="same bytes again on the same machine kind, cores and lock")

    weights: str = Field("none", description="none, imagenet, an earlier run's id, or a registered NAME/VERSION")
    tune: Literal["all", "head", "none"] = Field(
        "all", description="which part is trained; head keeps the rest as given, none serves the given weights"
    )
    unfrozen_rate: float = Field(
        0.1, gt=0, le=1, description="factor on the rate below the head when weights are given"
    )

    epochs: int = Field(20, ge=1, description="times that every training image is seen")
    batch_size: int = Field(32, ge=1, description="images of a step")
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = Field("adam", description="of the weights, as Keras has it")
    learning_rate: float = Field(1e-3, gt=0, description="highest, from which the schedule falls")
    momentum: float = Field(0.9, ge=0, lt=1, description="of sgd and rmsprop; the first decay of adam and adamw")
    weight_decay: float = Field(0.0, ge=0, description="part of each weight that a step takes away, times the rate")
    schedule: Literal["constant", "cosine", "exponential"] = Field("cosine", description="how the rate falls")
    warmup_epochs: float = Field(0.0, ge=0, description="in which the rate rises from 0")
    find_rate: bool = Field(False, description="sweep the rate first, plot it, and use the one it suggests")
    early_stopping: int = Field(0, ge=0, description="epochs without a better valid loss; 0 is off")
    mixed_precision: Literal["none", "float16", "bfloat16"] = Field(
        "none", description="of computing; weights are float32"
    )
    xla: bool = Field(False, description="compile the steps; needs deterministic=false")
    checkpoint_steps: int = Field(0, ge=0, description="steps between checkpoints; 0 writes one each epoch")
    profile: bool = Field(False, description="write a trace for TensorBoard and Perfetto")

    int8: bool = Field(False, description="also make a static int8 model, which must hold int8_margin")
    int8_margin: float = Field(0.02, ge=0, lt=1, description="accuracy that int8 may lose on the test split")
    margin: float = Field(0.02, gt=0, lt=1, description="accuracy that a new version may lose against the champion")
    force: bool = Field(False, description="register even when worse than the champion")
    gpu: bool = Field(False, description="demand a GPU for training and serving")
    serve: bool = Field(False, description="serve the packaged model and ask it once")


class ImageParameters(Parameters):
    """What every kind takes that looks at images: how an image becomes the model's input."""

    modality = "image"

    size: int = Field(224, ge=8, le=2048, description="side of the prepared image in pixels")
    resize: Literal["stretch", "crop", "pad", "none"] = Field(
        "stretch", description="stretch changes the shape, crop cuts the centre, pad fills up, none leaves pixels alone"
    )
    channels: Literal["rgb", "bgr", "grey"] = Field("rgb", description="their order; grey is the luma in all three")
    scaling: PrepareScaling = Field(
        "signed", description="of levels: none 0 to 255, unit and standard 0 to 1, signed -1 to 1"
    )
    mean: tuple[float, float, float] = Field((0.0, 0.0, 0.0), description="of each channel, taken away after scaling")
    deviation: tuple[float, float, float] = Field((1.0, 1.0, 1.0), description="of each channel, divided by after that")


class AudioParameters(Parameters):
    """What every kind takes that listens: how a sound becomes the model's input, and how training changes it."""

    modality = "audio"

    rate: int = Field(8000, ge=1000, le=192_000, description="samples a second that every sound is brought to")
    length: int = Field(8000, ge=16, le=2**22, description="samples of a prepared sound: cut at both ends, or silence")
    level: Literal["none", "peak"] = Field("peak", description="peak makes every sound equally loud")
    shift: float = Field(0.1, ge=0, lt=1, description="augmentation: up to this part of the length, either way")
    gain: float = Field(6.0, ge=0, le=60, description="augmentation: up to so many decibels louder or softer")
    noise: float = Field(0.01, ge=0, le=1, description="augmentation: white noise of up to this deviation")


def _axes(given: Any) -> Any:
    """Runs of before wrote whether to mirror left and right, true or false."""
    spelled = str(given).lower()
    return {"true": "horizontal", "false": "none"}.get(spelled, given)


Flip = Annotated[Literal["none", "horizontal", "both"], BeforeValidator(_axes)]
"""Axes to mirror along; ``true`` and ``false`` are taken for ``horizontal`` and ``none``."""


class AugmentedParameters(ImageParameters):
    """How training images are changed at random; each kind moves what it has marked in them alike."""

    flip: Flip = Field("none", description="augmentation: mirror along these axes, each for half of the images")
    quarter_turns: bool = Field(False, description="augmentation: turn images by 0, 90, 180 or 270 degrees")
    rotate: float = Field(0.0, ge=0, le=0.5, description="augmentation: up to this part of a full turn, either way")
    shift: float = Field(0.0, ge=0, lt=1, description="augmentation: up to this part of the side, each way and axis")
    zoom: float = Field(0.0, ge=0, lt=1, description="augmentation: scale by 1 - zoom to 1 + zoom")
    contrast: float = Field(
        0.0, ge=0, lt=1, description="augmentation: spread of levels by 1 - contrast to 1 + contrast"
    )
    colour: float = Field(0.0, ge=0, le=1, description="augmentation: strength of changes in light and colour")


class TiledParameters(AugmentedParameters):
    """What the kinds take that answer large images window by window."""

    flip: Flip = "horizontal"
    tile: bool = Field(False, description="cut images into windows of tile_size, in training, evaluation and serving")
    tile_size: int = Field(0, ge=0, le=4096, description="side of a window in pixels of the image; 0 takes size")
    tile_overlap: float = Field(0.25, ge=0, le=0.75, description="part of a window that the next one shows again")


class DenseParameters(TiledParameters):
    """What the kinds take whose answer lies in the image's own pixels, while the model sees it at another size."""

    resize: Literal["stretch", "pad"] = "stretch"


def tiling_of(parameters: Parameters) -> Tiling | None:
    """The windows that the parameters ask for."""
    if not isinstance(parameters, TiledParameters) or not parameters.tile:
        return None
    return Tiling(size=parameters.tile_size or parameters.size, overlap=parameters.tile_overlap)


def _modules(package: str) -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(importlib.import_module(package).__path__))


def meaning(schema: type[Parameters], name: str) -> str:
    """What a parameter is, in the words of the nearest class that describes it; a model may only change a default."""
    classes = [one for one in schema.__mro__ if issubclass(one, Parameters) and name in one.model_fields]
    return next((text for one in classes if (text := one.model_fields[name].description)), "")


def kinds() -> list[str]:
    """Names of the kinds that can be trained."""
    return _modules("pipelines.tasks")


def models(kind: str) -> list[str]:
    """Names of the models of ``kind``.

    Raises:
        UsageError: no such kind.
    """
    return _modules(f"pipelines.tasks.{choose('kind', kind, kinds())}.models")


def task_module(kind: str) -> Any:
    """The module ``pipelines.tasks.<kind>.task``, which binds what is particular to the kind."""
    return importlib.import_module(f"pipelines.tasks.{choose('kind', kind, kinds())}.task")


def model_module(kind: str, model: str) -> Any:
    """The module of one model: ``Parameters`` and ``build``."""
    return importlib.import_module(f"pipelines.tasks.{kind}.models.{choose('model', model, models(kind))}")


def evaluation_module(kind: str) -> Any:
    """The module ``pipelines.tasks.<kind>.evaluation``: how answers are recorded, measured and compared in pairs."""
    return importlib.import_module(f"pipelines.tasks.{kind}.evaluation")


def default_model(kind: str, data: str | None) -> str:
    """The model that is trained where none is named, by the modality of ``data`` where that is here."""
    suited: dict[str, str] = task_module(kind).DEFAULT_MODELS
    modality = open_dataset(data).description.modality if data in dataset_names() else "image"
    return suited.get(modality, next(iter(suited.values())))


def refuse_other_modality(parameters: Parameters, modality: str) -> None:
    """Refuse a model that takes other examples than the data has.

    Raises:
        UsageError: it does; the message names those that take them.
    """
    if parameters.modality == modality:
        return
    kind = parameters.kind
    fitting = [one for one in models(kind) if model_module(kind, one).Parameters.modality == modality]
    raise UsageError(
        f"model={parameters.model} takes {parameters.modality} data, and {parameters.data} is {modality}; "
        + (f"choose model={'|'.join(fitting)}" if fitting else f"{kind} has no model for it")
    )


def choose(what: str, given: str, known: Iterable[str]) -> str:
    """``given`` if it is known.

    Raises:
        UsageError: it is not; the message suggests the nearest name.
    """
    known = list(known)
    if given in known:
        return given
    nearest = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known)}"
    raise UsageError(f"no {what} {given!r}; {hint}")


def resolve(kind: str, given: Mapping[str, Any], beside: Iterable[str] = ()) -> Parameters:
    """The typed parameters of a run of ``kind``, strings converted, defaults of its model filled in.

    Args:
        kind: of the run.
        given: parameters by name.
        beside: names that whoever asks takes beside them, to suggest for a mistyped one.

    Raises:
        UsageError: an unknown name (the nearest is suggested), or a value of the wrong type or range.
    """
    available = models(kind)
    model = str(given["model"] if "model" in given else default_model(kind, given.get("data")))
    if other := next((other for other in kinds() if model in models(other) and model not in available), None):
        raise UsageError(f"{model} is a model of {other}, not of {kind}; {kind} has {', '.join(available)}")
    schema = model_module(kind, choose("model", model, available)).Parameters
    for key in given:
        choose("parameter", key, (*schema.model_fields, *beside))
    try:
        resolved: Parameters = schema.model_validate({**given, "kind": kind, "model": model})
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "missing":
            raise UsageError(f"{first['loc'][0]} is needed; add {first['loc'][0]}=...") from None
        if not first["loc"]:  # what several parameters say together
            raise UsageError(str(first["msg"]).removeprefix("Value error, ")) from None
        raise UsageError(f"{'.'.join(map(str, first['loc']))}={first['input']!r}: {first['msg']}") from None
    return resolved
