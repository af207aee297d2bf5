"""A dataset's revision: the digest of its own entries, so that another dataset changes nothing for it."""

from pathlib import Path

from pipelines.datasets.dataset import DESCRIPTION, Dataset
from pipelines.datasets.entries import entries
from tatara.core.files import digest, sha256_file


def revision(dataset: Dataset) -> str:
    """SHA-256 over ``dataset.yaml`` and every file's relative path and SHA-256. Reads every byte."""
    return folder_revision(dataset.folder)


def folder_revision(folder: Path) -> str:
    """`revision` of a dataset folder that need not lie in a project."""
    return _revision(
        {entry.path: None if entry.link is not None else sha256_file(folder / entry.path) for entry in entries(folder)}
    )


def indexed_revision(dataset: Dataset, digests: dict[str, str | None]) -> str:
    """The same from the digests of an up-to-date index (path -> SHA-256); reads ``dataset.yaml`` alone."""
    return _revision({**digests, DESCRIPTION: sha256_file(dataset.folder / DESCRIPTION)})


def _revision(digests: dict[str, str | None]) -> str:
    return digest(digests)
