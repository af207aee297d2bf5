"""A dataset: the folder ``data/<name>/<split>/<class>/<file>`` and the ``dataset.yaml`` that describes it."""

import difflib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import project_root

DESCRIPTION = "dataset.yaml"
Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


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


def _legal_class(name: str) -> str:
    try:
        return legal_name(name, "class")
    except UsageError as error:
        raise ValueError(error) from None  # the kind that pydantic reports with the field's place


class Description(BaseModel):
    """What ``dataset.yaml`` says.

    Attributes:
        modality, kind, format: what one example is, what is learned, how the files lie.
        classes: labels in the order of a model's outputs.
        splits: split -> how it came about, in words.
        licence, source: terms and origin of the examples.
        citation, notes: further words.
        hierarchy: label -> its ancestors from general to specific, for the severity of a mistake.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    modality: Literal["image"]
    kind: Literal["classification"]
    format: Literal["image-folder"]
    classes: Annotated[
        tuple[Annotated[str, AfterValidator(_legal_class)], ...],
        Field(min_length=2, strict=False),
    ]
    splits: dict[Split, str]
    licence: str = Field(min_length=1)
    source: str = Field(min_length=1)
    citation: str | None = None
    notes: str | None = None
    hierarchy: dict[str, list[str]] | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "Description":
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes repeat a label")
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
