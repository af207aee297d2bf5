"""The four public datasets from a local server, in archives of the same layout that are made here."""

import fcntl
import gzip
import hashlib
import importlib
import io
import socket
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.datasets.catalogue import Source, find_source, source_names
from pipelines.datasets.fetch import fetch
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.modalities.image import decode
from tests.pipelines.datasets.local_server import Behaviour, serving

CIFAR, FASHION, FLOWERS = "cifar-10-binary.tar.gz", "train-images-idx3-ubyte.gz", "flower_photos.tgz"
PRODUCTS = "Stanford_Online_Products.zip"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The room that the real datasets need is not what these tests are about."""
    for name in source_names():
        module = importlib.import_module(f"pipelines.datasets.catalogue.{name}")
        resources = tuple(replace(resource, bytes=1_000_000) for resource in module.SOURCE.resources)
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, unpacked=0, resources=resources))


@pytest.fixture
def site() -> Iterator[tuple[Behaviour, str]]:
    """A server with nothing on it yet, and its address."""
    behaviour = Behaviour({})
    with serving(behaviour) as address:
        yield behaviour, address


@pytest.fixture
def unharmed(tiny_project: Path) -> Iterator[Path]:
    """A project whose data/ and data.dvc the test must leave as they were."""
    record = (tiny_project / "data.dvc").read_bytes()
    yield tiny_project
    assert [path.name for path in (tiny_project / "data").iterdir()] == ["tiny"]
    assert (tiny_project / "data.dvc").read_bytes() == record
    assert not list((tiny_project / ".tatara" / "downloads").glob("*/scratch"))
    assert not list(tiny_project.parent.glob("**/escaped*"))


def images(count: int, shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def jpeg(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(images(1, (8, 12, 3), seed)[0]).save(buffer, "JPEG")
    return buffer.getvalue()


def tgz(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            bundle.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return buffer.getvalue()


def cifar_files(pixels: NDArray[np.uint8]) -> dict[str, bytes]:
    """Six batches of 20 from 120 images, whose labels count through the classes."""
    batches = {}
    for number, name in enumerate([*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]):
        own = range(20 * number, 20 * number + 20)
        batches[f"cifar-10-batches-bin/{name}"] = b"".join(
            bytes([index % 10]) + b"".join(pixels[index, :, :, plane].tobytes() for plane in range(3)) for index in own
        )
    return {"cifar-10-batches-bin/batches.meta.txt": b"airplane\n", **batches}


def idx(values: NDArray[np.uint8]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return gzip.compress(bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes())


def fashion_files(train: NDArray[np.uint8], test: NDArray[np.uint8]) -> dict[str, bytes]:
    files = {}
    for prefix, values in (("train", train), ("t10k", test)):
        files[f"{prefix}-images-idx3-ubyte.gz"] = idx(values)
        files[f"{prefix}-labels-idx1-ubyte.gz"] = idx((np.arange(len(values)) % 10).astype(np.uint8))
    return files


def product_files(listed: dict[str, list[str]]) -> dict[str, bytes]:
    files = {}
    for split, names in listed.items():
        lines = [f"{number} {number // 2} 1 {name}" for number, name in enumerate(names, 1)]
        header = "image_id class_id super_class_id path"
        files[f"Stanford_Online_Products/Ebay_{split}.txt"] = "\n".join([header, *lines]).encode()
        for number, name in enumerate(names):
            files[f"Stanford_Online_Products/{name}"] = jpeg(number + 1000 * (split == "test"))
    return files


def test_cifar10(site: tuple[Behaviour, str], tiny_project: Path) -> None:
    behaviour, address = site
    pixels = images(120, (32, 32, 3))
    behaviour.files[CIFAR] = tgz(cifar_files(pixels))
    before = (tiny_project / "data.dvc").read_bytes()

    report = fetch("CIFAR-10", url=f"{address}{CIFAR}", checksum="record")

    assert report.dataset.folder == tiny_project / "data" / "cifar10"
    assert (tiny_project / "data.dvc").read_bytes() != before
    assert {split: set(counts.values()) for split, counts in report.counts.items()} == {
        "train": {9}, "valid": {1}, "test": {2},
    }  # fmt: skip
    third = report.dataset.folder / "test" / "bird" / "test_batch-00002.png"
    assert np.array_equal(decode(third.read_bytes()), pixels[102])
    assert report.dataset.description.licence.startswith("none stated")
    assert report.dataset.description.splits["test"] == "given"
    assert report.dataset.description.splits["valid"] == "stratified by class, seed 0, 8:1"
    digest = hashlib.sha256(behaviour.files[CIFAR]).hexdigest()
    assert report.checksums[0].startswith(f"{CIFAR}: sha256 {digest}, recorded in ")
    assert (report.downloads / CIFAR).read_bytes() == behaviour.files[CIFAR]
    with pytest.raises(UsageError, match="'cifar10' is there already"):
        fetch("cifar10", url=address)


def test_fashion_mnist(site: tuple[Behaviour, str], tiny_project: Path) -> None:
    behaviour, address = site
    train, test = images(100, (28, 28)), images(20, (28, 28), seed=1)
    behaviour.files |= fashion_files(train, test)

    report = fetch("fashion-mnist", url=address, checksum="record")

    assert [request["path"] for request in behaviour.requests] == [
        resource.file for resource in find_source("fashion_mnist").resources
    ]
    assert {split: set(counts.values()) for split, counts in report.counts.items()} == {
        "train": {9}, "valid": {1}, "test": {2},
    }  # fmt: skip
    last = report.dataset.folder / "test" / "Ankle boot" / "00019.png"
    assert np.array_equal(decode(last.read_bytes())[:, :, 0], test[19])
    assert report.dataset.description.classes[0] == "T-shirt-top"


def test_flowers_keep_their_bytes_and_their_credits(site: tuple[Behaviour, str], tiny_project: Path) -> None:
    behaviour, address = site
    labels = find_source("flowers").classes
    photos = {
        f"flower_photos/{label}/{n}_n.jpg": jpeg(100 * k + n) for k, label in enumerate(labels) for n in range(10)
    }
    behaviour.files[FLOWERS] = tgz({"flower_photos/LICENSE.txt": b"by A, B and C", **photos})

    report = fetch("Flowers", url=address, checksum="record")

    assert report.counts == {split: dict.fromkeys(labels, n) for split, n in (("train", 8), ("valid", 1), ("test", 1))}
    assert report.bytes == sum(map(len, photos.values()))
    assert sorted(path.read_bytes() for path in report.dataset.folder.glob("*/*/*.jpg")) == sorted(photos.values())
    assert (report.dataset.folder / ".LICENSE.txt").read_bytes() == b"by A, B and C"


def test_stanford_online_products_by_super_class_without_doubles(
    site: tuple[Behaviour, str], tiny_project: Path
) -> None:
    behaviour, address = site
    labels = find_source("stanford_online_products").classes
    files = product_files({
        "train": [f"{label}_final/1{n}_{n}.JPG" for label in labels for n in range(10)],
        "test": [f"{label}_final/2{n}_{n}.JPG" for label in labels for n in range(2)],
    })  # fmt: skip
    root = "Stanford_Online_Products"
    files[f"{root}/mug_final/10_0.JPG"] = files[f"{root}/mug_final/20_0.JPG"]
    files[f"{root}/sofa_final/10_0.JPG"] = files[f"{root}/chair_final/10_0.JPG"]
    behaviour.files[PRODUCTS] = zipped({f"{root}/": b"", f"{root}/Ebay_info.txt": b"", **files})

    report = fetch("stanford_online_products", url=address, checksum="record")

    assert report.left_out == ["1 image(s) of train that are in test too", "2 image(s) of train that have two labels"]
    assert report.dataset.description.notes is not None
    assert report.left_out[0] in report.dataset.description.notes
    assert sum(report.counts["test"].values()) == 24
    short = ("mug", "sofa", "chair")
    assert {report.counts["train"][label] + report.counts["valid"][label] for label in short} == {9}
    assert {report.counts["train"][label] for label in labels if label not in short} == {9}
    kept = report.dataset.folder / "test" / "mug" / "20_0.JPG"
    assert kept.read_bytes() == files[f"{root}/mug_final/20_0.JPG"]


def test_a_dataset_is_held_to_its_published_checksum(
    site: tuple[Behaviour, str], unharmed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour, address = site
    behaviour.files[FLOWERS] = tgz({"flower_photos/daisy/one.jpg": b""})
    with pytest.raises(RefusedError, match=r"4c54ace7\w+ was expected.*checksum=record if that source is your own"):
        fetch("flowers", url=address)
    assert not (unharmed / ".tatara" / "downloads" / "flowers" / FLOWERS).exists()

    published("flowers", sha256=hashlib.sha256(behaviour.files[FLOWERS]).hexdigest(), monkeypatch=monkeypatch)
    with pytest.raises(TataraError, match="dandelion is missing from the archive"):
        fetch("flowers", url=address)
    assert (unharmed / ".tatara" / "downloads" / "flowers" / FLOWERS).exists()


def published(name: str, sha256: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the catalogue state another checksum of a dataset's one file."""
    source = find_source(name)
    resource = replace(source.resources[0], checksums={"sha256": sha256})
    module = importlib.import_module(f"pipelines.datasets.catalogue.{name}")
    monkeypatch.setattr(module, "SOURCE", replace(source, resources=(resource,)))


def test_a_recorded_checksum_is_compared_the_next_time(site: tuple[Behaviour, str], unharmed: Path) -> None:
    behaviour, address = site
    for content, refusal in (
        (b"first", "neither a zip nor a tar"),
        (b"other", "was expected.*or forget what .*checksums.json says"),
    ):
        behaviour.files[CIFAR] = content
        (unharmed / ".tatara" / "downloads" / "cifar10" / CIFAR).unlink(missing_ok=True)
        with pytest.raises(TataraError, match=refusal):
            fetch("cifar10", url=address, checksum="record")


def test_a_download_that_broke_off_is_taken_up_by_the_next_fetch(site: tuple[Behaviour, str], unharmed: Path) -> None:
    behaviour, address = site
    behaviour.files[CIFAR] = tgz({"cifar-10-batches-bin/data_batch_1.bin": images(1, (10_000,)).tobytes()})
    behaviour.break_after = [1000, 0]
    with pytest.raises(TataraError, match="broke off after 1,000 bytes; run the same again to go on"):
        fetch("cifar10", url=address, checksum="record")
    with pytest.raises(TataraError, match="are no CIFAR-10 batch"):
        fetch("cifar10", url=address, checksum="record")
    assert behaviour.requests[-1]["Range"] == "bytes=1000-"


CHAIR = "chair_final/1_0.JPG"


def _products(listing: str) -> bytes:
    """An archive whose list names what no archive may name; the file it holds is harmless."""
    root = "Stanford_Online_Products"
    lists = {f"{root}/Ebay_train.txt": f"image_id class_id super_class_id path\n1 1 3 {listing}", f"{root}/{CHAIR}": ""}
    return zipped({name: text.encode() for name, text in lists.items()})


def _linked() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as bundle:
        link = tarfile.TarInfo("flower_photos")
        link.type, link.linkname = tarfile.SYMTYPE, "/"
        bundle.addfile(link)
        bundle.addfile(tarfile.TarInfo("flower_photos/escaped"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "file", "content", "reason"),
    [
        ("flowers", FLOWERS, tgz({"flower_photos/../../../escaped": b"x"}), "outside"),
        ("flowers", FLOWERS, _linked(), "a link"),
        ("cifar10", CIFAR, tgz({"/escaped": b"x"}), "absolute"),
        ("flowers", FLOWERS, tgz({"zeros": bytes(70_000_000)}), "looks like a bomb"),
        ("stanford_online_products", PRODUCTS, zipped({"../../escaped": b"x"}), "outside"),
        (
            "stanford_online_products",
            PRODUCTS,
            _products("mug_final/../../../tiny/dataset.yaml"),
            "outside",
        ),
        ("stanford_online_products", PRODUCTS, _products("/etc/passwd"), "absolute"),
        ("fashion_mnist", FASHION, gzip.compress(bytes(50_000_000)), "unpacks to more than"),
    ],
    ids=["outside", "link", "absolute", "bomb", "zip-outside", "list-outside", "list-absolute", "gzip-bomb"],
)
def test_hostile_archives_put_nothing_anywhere(
    site: tuple[Behaviour, str], unharmed: Path, name: str, file: str, content: bytes, reason: str
) -> None:
    behaviour, address = site
    behaviour.files |= dict.fromkeys((resource.file for resource in find_source(name).resources), content)
    with pytest.raises(RefusedError, match=reason) as caught:
        fetch(name, url=address, checksum="record")
    assert "\n" not in str(caught.value)


def _short_batch() -> dict[str, bytes]:
    files = cifar_files(images(120, (32, 32, 3)))
    files["cifar-10-batches-bin/data_batch_5.bin"] = bytes(3072)
    return {CIFAR: tgz(files)}


def _wrong_label() -> dict[str, bytes]:
    files = cifar_files(images(120, (32, 32, 3)))
    files["cifar-10-batches-bin/data_batch_5.bin"] = bytes([10]) + bytes(3072)
    return {CIFAR: tgz(files)}


def _fewer_labels() -> dict[str, bytes]:
    return {
        **fashion_files(images(20, (28, 28)), images(20, (28, 28))),
        "train-labels-idx1-ubyte.gz": idx(images(19, ())),
    }


def _no_idx() -> dict[str, bytes]:
    return {**fashion_files(images(20, (28, 28)), images(20, (28, 28))), FASHION: gzip.compress(b"<html>")}


@pytest.mark.parametrize(
    ("name", "files", "reason"),
    [
        ("cifar10", _short_batch, "3,072 bytes are no CIFAR-10 batch"),
        ("cifar10", _wrong_label, "record 0 has label 10"),
        ("cifar10", lambda: {CIFAR: tgz({"other/file": b""})}, "cifar-10-batches-bin is missing from the archive"),
        ("fashion_mnist", _fewer_labels, "do not fit together"),
        ("fashion_mnist", _no_idx, "not the IDX file that was expected"),
        ("stanford_online_products", lambda: {PRODUCTS: _products(CHAIR)}, "Ebay_test.txt is missing"),
        ("stanford_online_products", lambda: {PRODUCTS: _products("car_final/1.JPG")}, "names no super class"),
        ("stanford_online_products", lambda: {PRODUCTS: _products("mug_final/1.JPG")}, "mug_final/1.JPG is missing"),
    ],
)
def test_another_layout_is_one_line_and_leaves_nothing(
    site: tuple[Behaviour, str], unharmed: Path, name: str, files: Callable[[], dict[str, bytes]], reason: str
) -> None:
    behaviour, address = site
    behaviour.files |= files()
    with pytest.raises(TataraError, match=reason) as caught:
        fetch(name, url=address, checksum="record")
    assert "\n" not in str(caught.value)


def test_an_unreachable_source_names_a_mirror(unharmed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = find_source("stanford_online_products")
    module = importlib.import_module("pipelines.datasets.catalogue.stanford_online_products")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        resource = replace(source.resources[0], url=f"http://127.0.0.1:{reserved.getsockname()[1]}/file.zip")
        monkeypatch.setattr(module, "SOURCE", replace(source, resources=(resource,)))
        with pytest.raises(TataraError, match=r"cannot be reached .*with url= \(known mirror: https://drive"):
            fetch("stanford_online_products")


def test_a_disk_without_room_for_the_images_is_seen_before_the_download(
    site: tuple[Behaviour, str], unharmed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour, address = site
    module = importlib.import_module("pipelines.datasets.catalogue.flowers")
    monkeypatch.setattr(module, "SOURCE", replace(find_source("flowers"), unpacked=10**15))
    with pytest.raises(TataraError, match="3,000,000,001 MB are needed"):
        fetch("flowers", url=address)
    assert behaviour.requests == []


def test_two_fetches_of_one_dataset_do_not_mix(site: tuple[Behaviour, str], unharmed: Path) -> None:
    _, address = site
    lock = unharmed / ".tatara" / "downloads" / "flowers" / "lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TataraError, match="another fetch of flowers is running"):
            fetch("flowers", url=address)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("cifar", {}, "no dataset to fetch 'cifar'; did you mean 'cifar10'"),
        ("imagenet", {}, "known: cifar10, fashion_mnist, flowers, stanford_online_products"),
        ("fashion_mnist", {"url": "http://127.0.0.1/one.gz"}, "is 4 files; give the folder that holds them"),
        ("flowers", {"checksum": "none"}, "no checksum 'none'"),
        ("flowers", {"url": "file:///etc/"}, "is not an address of http or https"),
    ],
)
def test_usage(unharmed: Path, name: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        fetch(name, **options)


@pytest.mark.parametrize("name", source_names())
def test_the_catalogue_states_what_a_user_must_know(name: str) -> None:
    source: Source = find_source(name)
    assert source.name == name
    assert source.page.startswith("https://")
    assert source.licence
    assert source.citation
    assert len(set(source.classes)) == len(source.classes)
    for resource in source.resources:
        lengths = {algorithm: len(bytes.fromhex(value)) for algorithm, value in resource.checksums.items()}
        assert lengths["sha256"] == 32
        assert lengths.get("md5", 16) == 16
