"""How a new dataset comes under ``data/``: whole and recorded in ``data.dvc``, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.datasets.dataset import legal_name
from pipelines.datasets.repository import exclusive, repository, track, tracked_names
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import write_bytes
from tatara.core.home import project_root

STAGING = ".adding"
"""Folder under ``data/`` of the dataset that is being added; hidden from DVC by ``.dvcignore``."""


@contextmanager
def new_dataset(name: str) -> Iterator[Path]:
    """Yield an empty folder that becomes ``data/<name>``, with ``data.dvc`` updated, when the block succeeds.

    If anything fails, or on Ctrl-C, ``data/`` and ``data.dvc`` stay as they were. One at a time: a second waits.

    Raises:
        UsageError: the name is illegal or taken.
        TataraError: ``data/`` has not been pulled; the disk is full; DVC fails.
    """
    legal_name(name, "dataset")
    data, record = project_root() / "data", project_root() / "data.dvc"
    staging, target = data / STAGING, data / name
    with exclusive(), _one_line():
        _refuse_if_unfit(data, target)
        before = record.read_bytes()
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir(parents=True)
            yield staging
            os.replace(staging, target)
            with repository() as repo:
                track(repo)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            shutil.rmtree(target, ignore_errors=True)
            if record.read_bytes() != before:
                write_bytes(record, before)
            raise


def need_space(size: int) -> None:
    """Refuse early where the disk cannot hold ``size`` bytes twice, under ``data/`` and in DVC's cache.

    Raises:
        TataraError: too little is free.
    """
    free = shutil.disk_usage(project_root()).free
    if free < 2 * size:
        raise TataraError(
            f"{project_root()}: {free / 1e9:.2f} GB are free, {2 * size / 1e9:.2f} GB are needed (data/ and DVC's "
            "cache); make room first"
        )


def _refuse_if_unfit(data: Path, target: Path) -> None:
    """A dataset of that name may not be there, and what data.dvc records must be, or tracking would drop it."""
    if target.exists():
        raise UsageError(f"dataset {target.name!r} exists already; choose another name=")
    with repository() as repo:
        missing = [name for name in tracked_names(repo) if not (data / name).exists()]
    if missing:
        raise TataraError(f"data.dvc names {missing[0]!r}, which is not under data/; run `tatara data pull` first")


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TataraError(f"nothing was added: {error.strerror or error} ({error.filename or 'data/'})") from error
