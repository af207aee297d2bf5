"""A dataset's revision: the digest of its own entries, so that another dataset changes nothing for it."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.entries import entries
from tatara.core.files import digest, sha256_file


def revision(dataset: Dataset) -> str:
    """SHA-256 over ``dataset.yaml`` and every file's relative path and SHA-256. Reads every byte."""
    return folder_revision(dataset.folder)


def folder_revision(folder: Path) -> str:
    """`revision` of a dataset folder that need not lie in a project."""
    return _revision(folder, {})


def indexed_revision(dataset: Dataset, digests: Mapping[str, str | None]) -> str:
    """The same with the digests of an up-to-date index (path -> SHA-256).

    Reads what is not among them alone: ``dataset.yaml``, annotation files, and label masks unless they are given.
    """
    return _revision(dataset.folder, digests)


def _revision(folder: Path, known: Mapping[str, str | None]) -> str:
    found = {}
    for entry in entries(folder):
        if entry.path in known:
            found[entry.path] = known[entry.path]
        else:
            found[entry.path] = None if entry.link is not None else sha256_file(folder / entry.path)
    return digest(found)
