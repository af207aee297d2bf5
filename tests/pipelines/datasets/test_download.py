"""Downloads from a real server on 127.0.0.1."""

import hashlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.datasets import download as module
from pipelines.datasets.download import download, require_room
from tatara.core.errors import RefusedError, TataraError, UsageError
from tests.pipelines.datasets.local_server import Behaviour, serving

CONTENT = random.Random(0).randbytes(3 * module.BLOCK + 123)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


class Site:
    """A server with one file, and a place to download it to."""

    def __init__(self, behaviour: Behaviour, address: str, folder: Path) -> None:
        self.behaviour, self.folder, self.url = behaviour, folder, f"{address}set.zip"

    def download(self, limit: int = len(CONTENT), **checksums: str) -> str:
        return download(self.url, self.folder / "set.zip", checksums or {"sha256": SHA256}, limit)

    def ranges(self) -> list[str | None]:
        """What each request that came asked for."""
        return [request.get("Range") for request in self.behaviour.requests]

    def arrived(self) -> bool:
        """Whether the whole file is there and nothing beside it."""
        return [path.name for path in self.folder.iterdir()] == ["set.zip"] and self.content() == CONTENT

    def content(self) -> bytes:
        return (self.folder / "set.zip").read_bytes()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    behaviour = Behaviour({"set.zip": CONTENT})
    with serving(behaviour) as address:
        yield Site(behaviour, address, tmp_path / "downloads")


def interrupted(site: Site, after: int) -> None:
    """A first download that breaks off for good after ``after`` bytes."""
    site.behaviour.break_after = [after, 0]
    with pytest.raises(TataraError, match=f"broke off after {after:,} bytes; run the same again to (go on|start over)"):
        site.download()
    assert not (site.folder / "set.zip").exists()
    site.behaviour.requests.clear()
    site.behaviour.break_after = []


def test_a_file_arrives_whole_and_nothing_lies_beside_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.download(sha256=SHA256.upper(), md5=MD5) == SHA256
    assert site.arrived()
    assert capsys.readouterr().out == ""


def test_a_file_that_is_there_is_not_asked_for_again_but_a_changed_one_is(site: Site) -> None:
    for _ in range(2):
        site.download()
    assert len(site.behaviour.requests) == 1
    (site.folder / "set.zip").write_bytes(b"changed")
    site.download()
    assert len(site.behaviour.requests) == 2
    assert site.arrived()


def test_an_interrupted_download_goes_on_where_it_broke_off(site: Site) -> None:
    interrupted(site, 1_000_000)
    site.download()
    assert site.ranges() == ["bytes=1000000-"]
    assert site.arrived()


def test_a_connection_that_breaks_is_taken_up_again_while_it_brings_bytes(site: Site) -> None:
    site.behaviour.break_after = [1_000_000, 1_000_000]
    site.download()
    assert site.ranges() == [None, "bytes=1000000-", "bytes=2000000-"]
    assert site.arrived()


def test_a_connection_that_always_breaks_is_given_up(site: Site) -> None:
    site.behaviour.break_after = [10] * 100
    with pytest.raises(TataraError, match="broke off after 100 bytes"):
        site.download()


def test_a_server_without_ranges_starts_over(site: Site) -> None:
    interrupted(site, 1_000_000)
    site.behaviour.ranges = False
    site.download()
    assert site.ranges() == ["bytes=1000000-"]
    assert site.arrived()


def test_a_file_that_changed_meanwhile_starts_over(site: Site) -> None:
    interrupted(site, 1_000_000)
    site.behaviour.etag = '"two"'
    site.download()
    assert site.arrived()


def test_without_an_etag_or_date_nothing_is_taken_up(site: Site) -> None:
    site.behaviour.etag = None
    interrupted(site, 1_000_000)
    site.download()
    assert site.ranges() == [None]
    assert site.arrived()


def test_the_part_of_another_source_is_not_taken_up(site: Site) -> None:
    interrupted(site, 1_000_000)
    site.behaviour.files["mirror.zip"] = CONTENT
    download(site.url.replace("set.zip", "mirror.zip"), site.folder / "set.zip", {"sha256": SHA256}, len(CONTENT))
    assert site.ranges() == [None]
    assert site.arrived()


def test_a_part_that_is_complete_is_verified_without_a_request(site: Site) -> None:
    interrupted(site, len(CONTENT) - 1)
    with (site.folder / "set.zip.part").open("ab") as file:
        file.write(CONTENT[-1:])
    site.download()
    assert site.ranges() == []
    assert site.arrived()


def test_a_damaged_part_is_refused_and_the_next_download_is_whole(site: Site) -> None:
    interrupted(site, 1_000_000)
    with (site.folder / "set.zip.part").open("r+b") as file:
        file.write(b"damage")
    with pytest.raises(RefusedError, match="sha256 is"):
        site.download()
    assert list(site.folder.iterdir()) == []
    site.download()
    assert site.arrived()


def test_an_answer_of_unknown_length_arrives(site: Site) -> None:
    site.behaviour.lengths = False
    site.download()
    assert site.arrived()


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"md5": "0" * 32}, {"sha256": SHA256, "md5": "0" * 32}])
def test_a_wrong_checksum_is_refused_and_nothing_is_kept(site: Site, wrong: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match=r"0{32,} was expected .*nothing was kept") as caught:
        site.download(**wrong)
    assert "\n" not in str(caught.value)
    assert list(site.folder.iterdir()) == []


def test_another_range_than_was_asked_for_is_not_taken(site: Site) -> None:
    interrupted(site, 1_000_000)
    site.behaviour.shift = 7
    with pytest.raises(TataraError, match="the server sent another range than was asked for"):
        site.download()
    site.behaviour.shift = 0
    site.download()
    assert site.arrived()


@pytest.mark.parametrize(
    ("lengths", "reason"),
    [(True, f"{len(CONTENT):,} bytes, at most 1,000,000 were"), (False, "more than 1,000,000 bytes")],
)
def test_a_file_over_the_limit_is_refused_and_nothing_is_kept(site: Site, lengths: bool, reason: str) -> None:
    site.behaviour.lengths = lengths
    with pytest.raises(RefusedError, match=reason):
        site.download(limit=1_000_000)
    assert list(site.folder.iterdir()) == []


def test_a_missing_file_is_one_line_with_the_remedy(site: Site) -> None:
    site.behaviour.files.clear()
    with pytest.raises(TataraError, match=r"the server says 404 .*with url=$"):
        site.download()
    assert list(site.folder.iterdir()) == []


def test_an_unreachable_server_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/set.zip"
        with pytest.raises(
            TataraError, match=r"cannot be reached \(Connection refused\); check the connection"
        ) as caught:
            download(url, tmp_path / "set.zip", {}, 1)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/set.zip", "set.zip", "http://", "file:///etc/passwd"])
def test_only_http_addresses_are_taken(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="is not an address of http or https"):
        download(url, tmp_path / "set.zip", {}, 1)


def test_a_disk_without_room_is_seen_before_the_download(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = module.shutil.disk_usage(site.folder.parent)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage._replace(free=len(CONTENT) - 1))
    with pytest.raises(TataraError, match="3 MB are needed, 3 MB are free; make room"):
        site.download()
    assert list(site.folder.iterdir()) == []
    require_room(site.folder, len(CONTENT) - 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_disk_that_fills_up_is_one_line(site: Site) -> None:
    site.folder.mkdir()
    (site.folder / "set.zip.part").symlink_to("/dev/full")
    with pytest.raises(TataraError, match="the disk is full; make room and run the same again"):
        site.download()
    assert not (site.folder / "set.zip").exists()
