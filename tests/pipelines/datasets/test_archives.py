"""Hostile archives, made byte by byte where the libraries would not write them."""

import bz2
import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.datasets.archives import Limits, gunzip, unpack
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import tree

PLAIN = {"set/a/one.txt": b"one", "set/b/two.txt": b"two" * 1000}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder two levels down; whatever a test unpacks, nothing may appear above it."""
    inside = tmp_path / "outer" / "inside"
    inside.mkdir(parents=True)
    before = {path for path in tmp_path.rglob("*") if inside not in path.parents}
    yield inside
    assert {path for path in tmp_path.rglob("*") if inside not in path.parents} == before


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as bundle:
        for info, content in members:
            info.size = len(content)
            bundle.addfile(info, io.BytesIO(content))
    return path


def member(
    name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, content if kind == tarfile.REGTYPE else b""


def zip_of(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members:
            bundle.writestr(name, content)
    return path


def refused(archive: Path, target: Path, reason: str, limits: Limits | None = None) -> None:
    with pytest.raises(RefusedError, match=reason) as caught:
        unpack(archive, target, limits)
    assert "\n" not in str(caught.value)
    assert list(target.parent.iterdir()) == [archive]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
def test_a_tar_unpacks_whole(place: Path, mode: str) -> None:
    archive = tar_of(
        place / "set.bin", [member("./", kind=tarfile.DIRTYPE), *(member(*item) for item in PLAIN.items())], mode
    )
    unpack(archive, place / "out")
    assert {
        path.relative_to(place / "out").as_posix(): path.read_bytes() for path in (place / "out").rglob("*.txt")
    } == PLAIN


def test_a_zip_unpacks_whole_without_the_archives_permissions(place: Path) -> None:
    setuid = zipfile.ZipInfo("set/run")
    setuid.external_attr = (stat.S_IFREG | 0o4777) << 16
    archive = zip_of(place / "set.zip", [("set/", b""), *PLAIN.items(), (setuid, b"#!")])
    unpack(archive, place / "out")
    assert (place / "out/set/b/two.txt").read_bytes() == PLAIN["set/b/two.txt"]
    assert stat.S_IMODE((place / "out/set/run").stat().st_mode) & 0o7111 == 0


NAMES = [
    ("../escaped", "outside"),
    ("set/../../escaped", "outside"),
    ("{outside}/escaped", "absolute"),
    ("C:escaped", "absolute"),
    ("c:/escaped", "absolute"),
    ("..\\escaped", "backslash"),
    ("set\\..\\..\\escaped", "backslash"),
    ("set/one\x1b[2Jtwo", "control"),
    ("set/" + "n" * 256, "too long"),
]


@pytest.mark.parametrize(("name", "reason"), NAMES)
def test_names_that_lead_astray_are_refused_in_a_tar(place: Path, name: str, reason: str) -> None:
    members = [member("set/good"), member(name.format(outside=place.parent))]
    refused(tar_of(place / "a.tgz", members), place / "out", reason)


@pytest.mark.parametrize(("name", "reason"), NAMES)
def test_names_that_lead_astray_are_refused_in_a_zip(place: Path, name: str, reason: str) -> None:
    members = [("set/good", b"x"), (name.format(outside=place.parent), b"x")]
    refused(zip_of(place / "a.zip", members), place / "out", reason)


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.REGTYPE])
def test_a_folder_outside_is_refused_as_a_file_is(place: Path, kind: bytes) -> None:
    refused(tar_of(place / "a.tgz", [member("../escaped/", kind=kind)]), place / "out", "outside")


def test_a_nul_in_a_name_is_refused(place: Path) -> None:
    archive = zip_of(place / "a.zip", [("set/good.jpg#.sh", b"x")])
    archive.write_bytes(archive.read_bytes().replace(b"jpg#", b"jpg\0"))
    refused(archive, place / "out", "control")
    archive.unlink()
    info, content = member("short")
    info.pax_headers = {"path": "set/good.jpg\0.sh"}
    refused(tar_of(place / "a.tgz", [(info, content)]), place / "out", "control")


def test_an_undecodable_name_is_refused(place: Path) -> None:
    with tarfile.open(place / "a.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as bundle:
        bundle.addfile(tarfile.TarInfo("caf\xe9"))
    with pytest.raises(TataraError, match="damaged archive"):
        unpack(place / "a.tar", place / "out")
    assert not (place / "out").exists()


LINKS = [
    [member("in", kind=tarfile.SYMTYPE, link=".."), member("in/escaped")],
    [member("in", kind=tarfile.LNKTYPE, link="../a.tgz")],
    [member("set/good"), member("same", kind=tarfile.LNKTYPE, link="set/good")],
    [member("pipe", kind=tarfile.FIFOTYPE)],
    [member("disk", kind=tarfile.BLKTYPE)],
    [member("tty", kind=tarfile.CHRTYPE)],
]


@pytest.mark.parametrize("members", LINKS, ids=["symlink", "hardlink", "hardlink-inside", "pipe", "disk", "tty"])
def test_links_and_devices_are_refused(place: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    refused(tar_of(place / "a.tgz", members), place / "out", "a link, a device or holes")


def test_the_chain_of_links_that_the_data_filter_lets_out_is_refused(place: Path) -> None:
    """CVE-2025-4517: names so long that ``realpath`` gives up, so that the filter checks another path."""
    long = "d" * 247
    members = []
    step = ""
    for letter in "abcdefghijklmnop":
        members += [
            member(f"{step}{long}", kind=tarfile.DIRTYPE),
            member(f"{step}{letter}", kind=tarfile.SYMTYPE, link=long),
        ]
        step += f"{long}/"
    chain = "/".join("abcdefghijklmnop")
    members += [
        member(f"{chain}/{'l' * 254}", kind=tarfile.SYMTYPE, link="../" * 16),
        member("escape", kind=tarfile.SYMTYPE, link=f"{chain}/{'l' * 254}/../.."),
        member("escape/escaped"),
    ]
    refused(tar_of(place / "a.tgz", members), place / "out", "a link, a device or holes|too long")


def test_a_symbolic_link_in_a_zip_is_refused(place: Path) -> None:
    link = zipfile.ZipInfo("in")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(zip_of(place / "a.zip", [(link, b".."), ("in/escaped", b"x")]), place / "out", "a link or a device")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["set/one", "set/one"], "another member"),
        (["set/One.jpg", "set/one.JPG"], "case or Unicode form"),
        (["Set/one", "set/two"], "case or Unicode form"),
        (["set/\u00e9", "set/e\u0301"], "case or Unicode form"),
        (["set/one", "set/one/two"], "another member"),
        (["set/one/two", "set/one"], "another member"),
    ],
)
def test_no_place_is_given_twice(place: Path, names: list[str], reason: str) -> None:
    refused(tar_of(place / "a.tgz", [member(name) for name in names]), place / "out", reason)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_duplicate_in_a_zip_is_refused(place: Path) -> None:
    refused(zip_of(place / "a.zip", [("set/one", b"1"), ("set/one", b"2")]), place / "out", "another member")


SMALL = Limits(bytes=1_000_000, members=10, ratio=20, free=10_000)


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize(
    ("files", "limits"),
    [
        ({f"set/{number}": b"" for number in range(11)}, SMALL),
        ({"set/zeros": bytes(500_000)}, SMALL),
        ({"set/zeros": bytes(1_500_000)}, Limits(bytes=1_000_000, ratio=1e9)),
    ],
    ids=["members", "ratio", "bytes"],
)
def test_bombs_are_refused(place: Path, kind: str, files: dict[str, bytes], limits: Limits) -> None:
    if kind == "tar":
        archive = tar_of(place / "a.tgz", [member(*item) for item in files.items()])
    else:
        archive = zip_of(place / "a.zip", list(files.items()))
    refused(archive, place / "out", "looks like a bomb", limits)


def test_a_bomb_in_what_a_tar_does_not_unpack_is_refused(place: Path) -> None:
    """Trailing bytes are no member, but reading to the stream's end costs time without bound."""
    plain = tar_of(place / "a.tgz", [member("set/one")], "w").read_bytes()
    (place / "a.tgz").write_bytes(gzip.compress(plain + bytes(500_000)))
    refused(place / "a.tgz", place / "out", "looks like a bomb", SMALL)


def test_a_bomb_in_a_tars_header_is_refused(place: Path) -> None:
    info, content = member("set/one")
    info.pax_headers = {"comment": "x" * 2_000_000}
    refused(tar_of(place / "a.tgz", [(info, content)]), place / "out", "looks like a bomb")


def test_a_sparse_member_is_refused(place: Path) -> None:
    """A few bytes that declare 8 GiB of holes."""
    info = tarfile.TarInfo("set/holes")
    info.pax_headers = {
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(1 << 33),
        "GNU.sparse.numblocks": "1", "GNU.sparse.map": f"{(1 << 33) - 1},1", "GNU.sparse.name": "set/holes",
    }  # fmt: skip
    refused(tar_of(place / "a.tgz", [(info, b"x")]), place / "out", "holes")


def test_a_zip_whose_members_share_bytes_is_refused(place: Path) -> None:
    """D. Fifield, "A better zip bomb", 2019: many entries that point at one compressed block."""
    archive = zip_of(place / "a.zip", [("set/one", b"x" * 100), ("set/two", b"x" * 100)])
    with zipfile.ZipFile(archive) as bundle:
        second, start = bundle.infolist()[1].header_offset, bundle.start_dir
    content = bytearray(archive.read_bytes())
    entry = content.index(b"PK\x01\x02", start + 1)
    content[entry + 42 : entry + 46] = (0).to_bytes(4, "little")
    content[0:second] = content[second : 2 * second]
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as bundle:
        assert [info.header_offset for info in bundle.infolist()] == [0, 0]
    refused(archive, place / "out", "overlaps")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_inflate_in_one_piece_are_refused(place: Path, method: int) -> None:
    with zipfile.ZipFile(place / "a.zip", "w", method) as bundle:
        bundle.writestr("set/one", bytes(1000))
    refused(place / "a.zip", place / "out", "compression")


def test_an_encrypted_zip_is_refused(place: Path) -> None:
    archive = zip_of(place / "a.zip", [("set/one", b"x")])
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(archive, place / "out", "encrypted")


@pytest.mark.parametrize("suffix", ["tgz", "tar.bz2", "zip"])
def test_damaged_archives_are_one_line_and_leave_nothing(place: Path, suffix: str) -> None:
    archive = place / f"a.{suffix}"
    whole = b"".join(bytes([number % 251]) * 7 for number in range(20_000))
    if suffix == "zip":
        zip_of(archive, [("set/one", whole)])
    else:
        tar_of(archive, [member("set/one", whole)], "w:gz" if suffix == "tgz" else "w:bz2")
    content = archive.read_bytes()
    flipped = (
        content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 0xFF]) + content[len(content) // 2 + 1 :]
    )
    for damaged in (content[: len(content) // 2], content[:-6], flipped):
        archive.write_bytes(damaged)
        with pytest.raises(TataraError) as caught:
            unpack(archive, place / "out")
        assert "\n" not in str(caught.value)
        assert list(place.iterdir()) == [archive]


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"Rar!\x1a\x07\x00" + bytes(600)])
def test_what_is_no_archive_is_said_to_be_none(place: Path, content: bytes) -> None:
    (place / "a.zip").write_bytes(content)
    with pytest.raises(TataraError, match="neither a zip nor a tar"):
        unpack(place / "a.zip", place / "out")


def test_unpacking_replaces_what_an_earlier_one_left(place: Path) -> None:
    (place / "out").mkdir()
    (place / "out" / "old").write_text("old")
    unpack(zip_of(place / "a.zip", [("new", b"new")]), place / "out")
    assert list(tree(place / "out")) == ["new"]


def test_gunzip_reads_no_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "one.gz"
    path.write_bytes(gzip.compress(bytes(1000)))
    assert gunzip(path, 1000) == bytes(1000)
    with pytest.raises(RefusedError, match="more than the 999 bytes"):
        gunzip(path, 999)


@pytest.mark.parametrize("damage", [lambda content: content[:-4], lambda _: b"text", lambda _: bz2.compress(b"x")])
def test_a_damaged_gzip_file_is_one_line(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "one.gz"
    path.write_bytes(damage(gzip.compress(b"content")))
    with pytest.raises(TataraError, match="damaged gzip file"):
        gunzip(path, 1000)
