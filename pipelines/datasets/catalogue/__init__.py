"""Public datasets that ``tatara data fetch`` knows: one file each, with source, licence, checksums and layout."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.parameters import choose
from tatara.core.errors import TataraError


@dataclass(frozen=True)
class Resource:
    """One file to download, and its published length and checksums (algorithm -> hexadecimal)."""

    file: str
    url: str
    bytes: int
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class Picture:
    """One image of a dataset, its file's bytes and where they belong. Without a test split, all are ``train``."""

    split: Literal["train", "test"]
    label: str
    file: str
    content: bytes


@dataclass(frozen=True)
class Source:
    """A public dataset.

    Attributes:
        name: under ``data/``.
        title: as its authors write it.
        page: where they describe it.
        resources: what is downloaded.
        checksums_from: who published the checksums.
        classes: labels in the order of a model's outputs.
        images: how many there are, for progress.
        unpacked: bytes of them all.
        licence, citation, notes, hierarchy: for ``dataset.yaml``.
        pictures: downloaded files by name and a scratch folder -> every image.
        test_given: the authors give a test split.
        credits: file under the scratch folder that must accompany the images; kept hidden in the dataset's folder.
        mirror: another address that has been known to serve it.
    """

    name: str
    title: str
    page: str
    resources: tuple[Resource, ...]
    checksums_from: str
    classes: tuple[str, ...]
    images: int
    unpacked: int
    licence: str
    citation: str
    pictures: Callable[[Mapping[str, Path], Path], Iterator[Picture]]
    test_given: bool
    notes: str | None = None
    hierarchy: dict[str, list[str]] | None = None
    credits: str | None = None
    mirror: str | None = None


def source_names() -> list[str]:
    """Names of the datasets that can be fetched."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def find_source(name: str) -> Source:
    """The dataset of that name; case, hyphens and spaces make no difference.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    plain = name.lower().replace("-", "_").replace(" ", "_")
    known = source_names()
    spelling = {key.replace("_", ""): key for key in known}
    found = choose("dataset to fetch", spelling.get(plain.replace("_", ""), plain), known)
    source: Source = importlib.import_module(f"{__name__}.{found}").SOURCE
    return source


def required(folder: Path, name: str) -> Path:
    """``folder/name``, which an unpacked archive must hold.

    Raises:
        TataraError: it does not.
    """
    path = folder / name
    if not path.exists():
        raise TataraError(f"{name} is missing from the archive; is the source right?")
    return path
