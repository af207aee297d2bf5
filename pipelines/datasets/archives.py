"""Unpacking of archives that nobody vouches for: nothing outside the target, no links, no bombs.

``tarfile``'s own ``data`` filter admits links, and on Python 3.11 chains of them lead outside (CVE-2025-4517); here
every member that is not a plain file or a folder is refused, so there is no link to follow.
"""

import bz2
import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self, cast

from pipelines.datasets.member_names import Places, unsafe
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import whole_directory
from tatara.core.progress import progress

BLOCK = 1 << 20
_LOCAL_HEADER = 30
"""Bytes of a zip member's header before its name."""


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to. ``ratio`` is unpacked by packed bytes and holds above ``free`` unpacked bytes.

    Photographs barely shrink when they are packed; a bomb unpacks to a thousand times its size.
    """

    bytes: int = 20_000_000_000
    members: int = 1_000_000
    ratio: float = 20.0
    free: int = 64_000_000

    def budget(self, packed: int) -> int:
        """Bytes that an archive of ``packed`` bytes may unpack to."""
        return min(self.bytes, max(self.free, int(self.ratio * packed)))


@dataclass(frozen=True)
class _Member:
    """One member: its name as stored, why it is refused (or None), and how to read it (None for a folder)."""

    name: str
    refusal: str | None
    read: Callable[[], IO[bytes]] | None


class _Budget:
    """Counts bytes as they come out, whatever the archive declares."""

    def __init__(self, archive: Path, total: int) -> None:
        self.archive, self.total, self.left = archive, total, total

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise RefusedError(f"{self.archive}: unpacks to more than {self.total:,} bytes: it looks like a bomb")


class _Metered(io.RawIOBase):
    """The decompressed stream of a tar, counted, since headers and skipped members cost memory and time too."""

    def __init__(self, stream: Any, budget: _Budget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, size: int = -1, /) -> bytes:
        block: bytes = self._stream.read(size)
        self._budget.take(len(block))
        return block


class _Header(tarfile.TarInfo):
    """A tar header whose extensions (long names, pax records) are small, since ``tarfile`` reads them whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size > BLOCK and not (header.isfile() or header.isdir()):
            raise RefusedError(f"a tar header of {header.size:,} bytes: it looks like a bomb")
        return header


def unpack(archive: Path, target: Path, limits: Limits | None = None) -> None:
    """Unpack a zip, or a tar (plain, gzip, bzip2), so that ``target`` is its whole content or does not exist.

    Raises:
        RefusedError: a member would lie outside, is a link or a device, has a name that two machines would read
            differently, comes twice, or the limits are passed; the message names it.
        TataraError: damaged, or of another format.
    """
    limits = limits or Limits()
    budget = limits.budget(archive.stat().st_size)
    try:
        with _opened(archive, budget) as members, whole_directory(target) as folder:
            _write_all(archive, members, folder, _Budget(archive, budget), limits.members)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, UnicodeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TataraError(f"{archive}: damaged archive ({reason}); remove it and fetch again") from None


def gunzip(path: Path, limit: int) -> bytes:
    """The content of one gzip file.

    Raises:
        RefusedError: more than ``limit`` bytes.
        TataraError: damaged.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(limit + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TataraError(f"{path}: damaged gzip file ({error}); remove it and fetch again") from None
    if len(content) > limit:
        raise RefusedError(f"{path}: unpacks to more than the {limit:,} bytes that were expected")
    return content


def _write_all(archive: Path, members: Iterator[_Member], folder: Path, budget: _Budget, most: int) -> None:
    places = Places()
    for count, member in enumerate(progress(members, None, f"unpack {archive.name}, files"), 1):
        if count > most:
            raise RefusedError(f"{archive}: more than {most:,} members: it looks like a bomb")
        parts = PurePosixPath(member.name).parts
        refusal = unsafe(member.name) or member.refusal or places.conflict(parts, member.read is not None)
        if refusal or (member.read and not parts):
            raise RefusedError(f"{archive}: member {member.name!r} has {refusal or 'no name'}; nothing was unpacked")
        path = folder.joinpath(*parts)
        if member.read is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.read() as source, path.open("xb") as file:
            while block := source.read(BLOCK):
                budget.take(len(block))
                file.write(block)


@contextmanager
def _opened(archive: Path, budget: int) -> Iterator[Iterator[_Member]]:
    with archive.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        if head.startswith(b"PK"):
            with zipfile.ZipFile(file) as bundle:
                yield _zip_members(bundle)
            return
        stream: Any = file
        if head.startswith(b"\x1f\x8b"):
            stream = gzip.GzipFile(fileobj=file)
        elif head.startswith(b"BZh"):
            stream = bz2.BZ2File(file)
        elif head[257:262] != b"ustar":
            raise TataraError(f"{archive}: neither a zip nor a tar (plain, gzip, bzip2); is the source right?")
        yield _tar_members(_Metered(stream, _Budget(archive, budget)))


def _tar_members(stream: _Metered) -> Iterator[_Member]:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header, encoding="utf-8", errors="strict") as bundle:
        for info in bundle:
            if info.isdir():
                yield _Member(info.name, None, None)
            else:
                plain = info.isreg() and not info.issparse()
                refusal = None if plain else "a link, a device or holes, not plain content"
                yield _Member(info.name, refusal, partial(_tar_content, bundle, info))
    while stream.read(BLOCK):  # to the end, where the checksum of the compressed stream lies
        pass


def _tar_content(bundle: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return cast("IO[bytes]", bundle.extractfile(info))  # None for links and devices alone, which are refused unread


def _zip_members(bundle: zipfile.ZipFile) -> Iterator[_Member]:
    infos = sorted(bundle.infolist(), key=lambda info: info.header_offset)
    ends = [*(info.header_offset for info in infos[1:]), bundle.start_dir]
    for info, end in zip(infos, ends, strict=True):
        refusal = _zip_refusal(info)
        if info.header_offset + _LOCAL_HEADER + info.compress_size > end:
            refusal = "content that overlaps another's: it looks like a bomb"
        yield _Member(info.orig_filename, refusal, None if info.is_dir() else partial(bundle.open, info))


def _zip_refusal(info: zipfile.ZipInfo) -> str | None:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device, not plain content"
    if info.flag_bits & 1:
        return "encrypted content"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "a compression that is not read here"  # the others give their output in one piece, however large
    return None
