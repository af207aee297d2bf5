"""Make the dataset ``digits`` from the 1,797 handwritten digits that scikit-learn ships.

``python -m pipelines.datasets.digits DIR`` writes the folder; the bytes are the same every time.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import SPLITS, Description, write_description
from pipelines.datasets.splitting import stratified
from tatara.core.errors import UsageError
from tatara.core.files import sha256_bytes, whole_directory

SEED = 0
RATIOS = (8, 1, 1)

DESCRIPTION = Description(
    modality="image",
    kind="classification",
    format="image-folder",
    classes=tuple(str(digit) for digit in range(10)),
    splits={split: f"stratified by class, seed {SEED}, {':'.join(map(str, RATIOS))}" for split in SPLITS},
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/80 (the test part), as shipped by scikit-learn's load_digits",
    citation=(
        "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, "
        "doi:10.24432/C50P49"
    ),
    notes="8 x 8 pixels, grey; the original's levels 0 to 16 are spread over 0 to 255.",
)


def make(folder: Path) -> None:
    """Write the digits as 8 x 8 grey PNGs, ``folder/<split>/<digit>/<number in scikit-learn's order>.png``."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    contents = [grey_png(image) for image in pixels]
    labels = [str(label) for label in digits.target]
    splits = stratified(labels, [sha256_bytes(content) for content in contents], RATIOS, SEED)
    with whole_directory(folder) as temporary:
        for number, (content, label, split) in enumerate(zip(contents, labels, splits, strict=True)):
            path = temporary / split / label / f"{number:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        write_description(temporary, DESCRIPTION)


def grey_png(image: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG, rows stored uncompressed, so that the bytes depend on no compressor's version."""
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    stored = struct.pack("<BHH", 1, len(rows), len(rows) ^ 0xFFFF) + rows
    data = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (header, data, b"")))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise UsageError("usage: python -m pipelines.datasets.digits DIR")
    make(Path(sys.argv[1]))
