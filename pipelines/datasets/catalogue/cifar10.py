"""CIFAR-10: 60,000 colour images of 32 x 32 pixels in ten classes; the binary version, since the other is pickled."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from pipelines.datasets.archives import Limits, unpack
from pipelines.datasets.arrays import png
from pipelines.datasets.catalogue import Picture, Resource, Source, required
from tatara.core.errors import TataraError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_VEHICLES = ("airplane", "automobile", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32
_MOST = 2 * 60_000 * _RECORD


def _pictures(files: Mapping[str, Path], scratch: Path) -> Iterator[Picture]:
    unpack(files["cifar-10-binary.tar.gz"], scratch / "unpacked", Limits(bytes=_MOST, free=_MOST))
    folder = required(scratch / "unpacked", "cifar-10-batches-bin")
    for number in range(1, 6):
        yield from _batch("train", required(folder, f"data_batch_{number}.bin"))
    yield from _batch("test", required(folder, "test_batch.bin"))


def _batch(split: str, path: Path) -> Iterator[Picture]:
    """Records of a label byte and 3 x 32 x 32 pixels, red plane first."""
    records = np.fromfile(path, np.uint8)
    if not records.size or records.size % _RECORD:
        raise TataraError(f"{path.name}: {records.size:,} bytes are no CIFAR-10 batch; is the source right?")
    for number, record in enumerate(records.reshape(-1, _RECORD)):
        if record[0] >= len(CLASSES):
            raise TataraError(f"{path.name}: record {number} has label {record[0]}; is the source right?")
        pixels = record[1:].reshape(3, 32, 32).transpose(1, 2, 0)
        name = f"{path.stem}-{number:05}.png"
        yield Picture("test" if split == "test" else "train", CLASSES[record[0]], name, png(pixels))


SOURCE = Source(
    name="cifar10",
    title="CIFAR-10",
    page="https://www.cs.toronto.edu/~kriz/cifar.html",
    resources=(
        Resource(
            "cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            170_052_171,
            {
                "md5": "c32a1d4ab5d03f1284b67883e8d87530",
                "sha256": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            },
        ),
    ),
    checksums_from="MD5: the authors' page; SHA-256: TensorFlow Datasets",
    classes=CLASSES,
    images=60_000,
    unpacked=184_380_000,
    licence="none stated; the authors ask to cite their report",
    citation="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report, 2009",
    pictures=_pictures,
    test_given=True,
    hierarchy={label: ["vehicle" if label in _VEHICLES else "animal"] for label in CLASSES},
)
