"""``tatara data fetch``: a public dataset, downloaded, verified and brought under ``data/``."""

import fcntl
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pipelines.datasets.adopting import new_dataset
from pipelines.datasets.arranging import arrange
from pipelines.datasets.catalogue import Resource, Source, find_source
from pipelines.datasets.dataset import SPLITS, Dataset, open_dataset
from pipelines.datasets.download import download, require_room
from pipelines.datasets.revision import folder_revision
from pipelines.parameters import choose
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import read_json, write_json
from tatara.core.home import project_root, state_root

Checksum = Literal["published", "record"]


@dataclass(frozen=True)
class Report:
    """What `fetch` did.

    Attributes:
        dataset, revision: the new dataset.
        counts: split -> class -> files.
        bytes: of all images.
        checksums: one line a downloaded file: its SHA-256, and what it was held to.
        left_out: one line a kind of image that was left out, and why.
        downloads: folder where the downloaded files stay; it may be deleted.
        next_command: what to run now.
    """

    dataset: Dataset
    revision: str
    counts: dict[str, dict[str, int]]
    bytes: int
    checksums: list[str]
    left_out: list[str]
    downloads: Path
    next_command: str


def fetch(name: str, *, url: str | None = None, checksum: Checksum = "published") -> Report:
    """Bring a public dataset under ``data/<name>`` and into ``data.dvc``.

    A test split that its authors give is kept; valid is taken from train, stratified by seed 0. Images that would be
    in two splits, or have two labels, are left out and counted.

    Args:
        name: of a module in `pipelines.datasets.catalogue`.
        url: another place: of the file, or with a slash at its end of the folder that holds the files.
        checksum: ``published`` holds every file to its published checksums. ``record`` is for a source of one's own:
            the first download's checksum is recorded and the next download from there must have the same.

    Raises:
        UsageError: no such dataset (the nearest is named), ``data/<name>`` is there already, or no such address.
        TataraError: unreachable, broken off, no room, or not the layout that was expected.
        RefusedError: another checksum or length, or a hostile archive. In no case is anything left under ``data/``.
    """
    source = find_source(name)
    choose("checksum", checksum, get_args(Checksum))
    if (project_root() / "data" / source.name).exists():
        raise UsageError(f"dataset {source.name!r} is there already; see `tatara data show {source.name}`")
    downloads = state_root() / "downloads" / source.name
    with _alone(downloads):
        missing = sum(resource.bytes for resource in source.resources) - _bytes_in(downloads)
        require_room(downloads, max(0, missing) + 3 * source.unpacked)  # unpacked, under data/, in DVC's cache
        checksums = [_bring(source, resource, downloads, url, checksum) for resource in source.resources]
        files = {resource.file: downloads / resource.file for resource in source.resources}
        with _scratch(downloads) as scratch, new_dataset(source.name) as folder:
            place = url or ", ".join(resource.url for resource in source.resources)
            placed, left_out = arrange(source, source.pictures(files, scratch), folder, place)
            _keep_credits(source, scratch, folder)
            revision = folder_revision(folder)
    counted = Counter((one.split, one.label) for one in placed)
    return Report(
        dataset=open_dataset(source.name),
        revision=revision,
        counts={split: {label: counted[split, label] for label in source.classes} for split in SPLITS},
        bytes=sum(one.bytes for one in placed),
        checksums=checksums,
        left_out=left_out,
        downloads=downloads,
        next_command=f"tatara data check {source.name}",
    )


def _bring(source: Source, resource: Resource, downloads: Path, url: str | None, checksum: Checksum) -> str:
    """Download one file; one line on its checksum."""
    place, target = _address(source, resource, url), downloads / resource.file
    if checksum == "published":
        try:
            found = download(place, target, resource.checksums, resource.bytes)
        except (TataraError, RefusedError) as error:
            raise type(error)(f"{error}{_hint(source, url, isinstance(error, RefusedError))}") from None
        return f"{resource.file}: sha256 {found}, as published ({source.checksums_from})"
    record = downloads / "checksums.json"
    recorded: dict[str, str] = read_json(record) if record.is_file() else {}
    expected = {"sha256": recorded[place]} if place in recorded else {}
    try:
        found = download(place, target, expected, 2 * resource.bytes)
    except RefusedError as error:
        raise RefusedError(f"{error}, or forget what {record} says of it") from None
    write_json(record, {**recorded, place: found})
    known = "as at the first download" if expected else f"recorded in {record} at this first download"
    return f"{resource.file}: sha256 {found}, {known}; not compared with the published one"


def _address(source: Source, resource: Resource, url: str | None) -> str:
    if url is None:
        return resource.url
    if url.endswith("/"):
        return url + resource.file
    if len(source.resources) > 1:
        raise UsageError(f"{source.name} is {len(source.resources)} files; give the folder that holds them, url={url}/")
    return url


def _hint(source: Source, url: str | None, refused: bool) -> str:
    if url is not None:
        return ", or checksum=record if that source is your own and you trust it" if refused else ""
    return f" (known mirror: {source.mirror})" if source.mirror else ""


def _keep_credits(source: Source, scratch: Path, folder: Path) -> None:
    if source.credits and (scratch / source.credits).is_file():
        shutil.copyfile(scratch / source.credits, folder / f".{Path(source.credits).name}")


@contextmanager
def _alone(downloads: Path) -> Iterator[None]:
    """One fetch of a dataset at a time."""
    downloads.mkdir(parents=True, exist_ok=True)
    with (downloads / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TataraError(f"another fetch of {downloads.name} is running; wait for it") from None
        yield


@contextmanager
def _scratch(downloads: Path) -> Iterator[Path]:
    """A folder for what is unpacked, which also takes away what a killed run left in it."""
    scratch = downloads / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _bytes_in(downloads: Path) -> int:
    return sum(path.stat().st_size for path in downloads.iterdir() if path.is_file())
