"""A dataset: a folder ``data/<name>`` with its splits, and the ``dataset.yaml`` that describes it.

How the files lie in a split, by format:

- ``image-folder``, ``audio-folder``: ``<class>/<file>``.
- ``coco``: ``images/<file>``, and the objects in ``annotations.json``, COCO's own schema.
- ``label-masks``: ``images/<file>``, and the classes of its pixels in ``labels/<stem>.png``.
- ``image-pairs``: ``images/<file>``, and the image that is to be made of it in ``targets/<file>`` of the same stem.
"""

import difflib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import project_root

DESCRIPTION = "dataset.yaml"
Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Kind = Literal["classification", "detection", "segmentation", "instances", "image"]
Modality = Literal["image", "audio"]
Format = Literal["image-folder", "coco", "label-masks", "image-pairs", "audio-folder"]
BY_CLASS: tuple[Format, ...] = ("image-folder", "audio-folder")
FORMATS: dict[Kind, Format] = {
    "classification": "image-folder",
    "detection": "coco",
    "segmentation": "label-masks",
    "instances": "coco",
    "image": "image-pairs",
}
"""How the images of each kind lie; sounds, which are of ``classification`` alone, lie as ``audio-folder``."""
IMAGES, LABELS, TARGETS, ANNOTATIONS = "images", "labels", "targets", "annotations.json"
"""Names inside a split of the formats ``coco``, ``label-masks`` and ``image-pairs``."""
PAIRS = "pairs"
"""What is counted of datasets without classes."""


def format_of(modality: Modality, kind: Kind) -> Format:
    """How the files of a modality and kind lie."""
    return "audio-folder" if modality == "audio" else FORMATS[kind]


def legal_name(name: str, what: str = "name") -> str:
    """``name`` in Unicode's composed form, if it can be one folder's name on every machine.

    Raises:
        UsageError: empty, hidden, too long, or with separators, control characters or outer spaces.
    """
    composed = unicodedata.normalize("NFC", name)
    bad = [character for character in composed if character in '/\\:*?"<>|' or not character.isprintable()]
    if bad:
        raise UsageError(f'{what} {name!r} holds {bad[0]!r}; leave out / \\ : * ? " < > | and control characters')
    if not composed or composed != composed.strip() or composed[0] == "." or len(composed.encode()) > 200:
        raise UsageError(
            f"{what} {name!r} cannot be a folder's name: not empty, no outer space, no '.' first, 200 bytes"
        )
    return composed


def legal_class(name: str, kind: Kind) -> str:
    """``name`` composed, if it can name a class; for ``classification`` it has to name a folder too.

    Raises:
        UsageError: as `legal_name`; of the other kinds, what cannot be written on one line.
    """
    if kind == "classification":
        return legal_name(name, "class")
    composed = unicodedata.normalize("NFC", name)
    if not composed or composed != composed.strip() or not composed.isprintable() or len(composed.encode()) > 200:
        raise UsageError(f"class {name!r}: not a printable name without outer spaces, of up to 200 bytes")
    return composed


class Description(BaseModel):
    """What ``dataset.yaml`` says.

    Attributes:
        modality, kind, format: what one example is, what is learned, how the files lie.
        classes: labels in the order of a model's outputs; a class's position is its value in a label mask. None where
            images are made of images.
        splits: split -> how it came about, in words.
        licence, source: terms and origin of the examples.
        citation, notes: further words.
        hierarchy: label -> its ancestors from general to specific, for the severity of a mistake.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    modality: Modality
    kind: Kind
    format: Format
    classes: Annotated[tuple[str, ...], Field(strict=False, validate_default=True)] = ()
    splits: dict[Split, str]
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)
    citation: str | None = None
    notes: str | None = None
    hierarchy: dict[str, list[str]] | None = None

    @field_validator("classes")
    @classmethod
    def _legal_classes(cls, classes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind = info.data.get("kind", "classification")
        if (kind == "image") == bool(classes):
            raise ValueError(f"kind {kind} has {'no classes' if classes else 'one class at least'}")
        try:
            names = tuple(legal_class(name, kind) for name in classes)
        except UsageError as error:
            raise ValueError(error) from None  # the kind that pydantic reports with the field's place
        if kind == "classification" and len(names) < 2:
            raise ValueError("one class only; a classification needs two at least")
        if len(set(names)) != len(names):
            raise ValueError("classes repeat a label")
        return names

    @model_validator(mode="after")
    def _coherent(self) -> "Description":
        if self.modality == "audio" and self.kind != "classification":
            raise ValueError(f"kind {self.kind} is of images; sounds have kind classification")
        wanted = format_of(self.modality, self.kind)
        if self.format != wanted:
            raise ValueError(f"format of kind {self.kind} is {wanted}, not {self.format}")
        if set(self.splits) != set(SPLITS):
            raise ValueError(f"splits must be {', '.join(SPLITS)}")
        if self.hierarchy is not None and set(self.hierarchy) != set(self.classes):
            odd = sorted(set(self.hierarchy) ^ set(self.classes))[0]
            raise ValueError(f"hierarchy and classes differ at {odd!r}")
        return self


@dataclass(frozen=True)
class Dataset:
    """One dataset of the project."""

    name: str
    folder: Path
    description: Description


def open_dataset(name: str) -> Dataset:
    """The project's dataset of that name.

    Raises:
        UsageError: there is none; the message names the nearest.
        TataraError: its ``dataset.yaml`` cannot be used.
    """
    legal_name(name, "dataset")
    folder = project_root() / "data" / name
    if not (folder / DESCRIPTION).is_file():
        names = dataset_names()
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else "see `tatara data list`"
        raise UsageError(f"no dataset {name!r} under data/; {hint if names else 'run `tatara data pull` first'}")
    return Dataset(name, folder, read_description(folder / DESCRIPTION))


def dataset_names() -> list[str]:
    """Names of the datasets that lie under ``data/``, sorted."""
    return sorted(
        path.parent.name
        for path in (project_root() / "data").glob(f"*/{DESCRIPTION}")
        if not path.parent.name.startswith(".")
    )


def read_description(path: Path) -> Description:
    """Parse a ``dataset.yaml``.

    Raises:
        TataraError: not YAML, or a field is missing, unknown or wrong; the message names it.
    """
    try:
        return Description.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise TataraError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TataraError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def write_description(folder: Path, description: Description) -> None:
    """Write ``folder/dataset.yaml``."""
    values = description.model_dump(mode="json", exclude_none=True)
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
