"""Fashion-MNIST: 70,000 grey images of 28 x 28 pixels of clothes in ten classes."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.archives import gunzip
from pipelines.datasets.arrays import png
from pipelines.datasets.catalogue import Picture, Resource, Source
from tatara.core.errors import TataraError

CLASSES = (
    "T-shirt-top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_GROUPS = {
    "T-shirt-top": ["clothing", "top"],
    "Trouser": ["clothing"],
    "Pullover": ["clothing", "top"],
    "Dress": ["clothing"],
    "Coat": ["clothing", "top"],
    "Sandal": ["footwear"],
    "Shirt": ["clothing", "top"],
    "Sneaker": ["footwear"],
    "Bag": ["accessory"],
    "Ankle boot": ["footwear"],
}
_PLACE = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
_MOST = 60_000 * 28 * 28 + 16
_PARTS: tuple[tuple[Literal["train", "test"], str], ...] = (("train", "train"), ("test", "t10k"))


def _pictures(files: Mapping[str, Path], scratch: Path) -> Iterator[Picture]:
    for split, prefix in _PARTS:
        images = _idx(files[f"{prefix}-images-idx3-ubyte.gz"], 3)
        labels = _idx(files[f"{prefix}-labels-idx1-ubyte.gz"], 1)
        if len(images) != len(labels) or labels.max(initial=0) >= len(CLASSES):
            raise TataraError(f"{prefix}: its {len(images)} images and {len(labels)} labels do not fit together")
        for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            yield Picture(split, CLASSES[label], f"{number:05}.png", png(pixels))


def _idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An array of bytes in Y. LeCun's IDX format: 0, 0, 8, the count of dimensions, each size, then the values."""
    content = gunzip(path, _MOST)
    start = 4 + 4 * dimensions
    shape = [int.from_bytes(content[place : place + 4], "big") for place in range(4, start, 4)]
    if content[:4] != bytes((0, 0, 8, dimensions)) or start + math.prod(shape) != len(content):
        raise TataraError(f"{path.name}: not the IDX file that was expected; is the source right?")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _resource(file: str, size: int, md5: str, sha256: str) -> Resource:
    return Resource(file, f"{_PLACE}/{file}", size, {"md5": md5, "sha256": sha256})


SOURCE = Source(
    name="fashion_mnist",
    title="Fashion-MNIST",
    page="https://github.com/zalandoresearch/fashion-mnist",
    resources=(
        _resource(
            "train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        _resource(
            "train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        _resource(
            "t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        _resource(
            "t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    checksums_from="MD5: the authors' page; SHA-256: TensorFlow Datasets",
    classes=CLASSES,
    images=70_000,
    unpacked=60_000_000,
    licence="MIT",
    citation=(
        "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
        "Algorithms, arXiv:1708.07747, 2017"
    ),
    pictures=_pictures,
    test_given=True,
    notes="T-shirt-top is the authors' T-shirt/top, since no folder's name can hold a slash.",
    hierarchy=_GROUPS,
)  # fmt: skip
