"""PNGs whose bytes depend on no library: rows are stored uncompressed, and so is the choice of colours our own."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

COLOURS = 256
_GREY, _COLOUR, _PALETTE = 0, 2, 3
_STEP = 8


def grey_png(image: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG of ``uint8 (height, width)``, less than 65,536 bytes in all."""
    return _png(image, _GREY, ())


def colour_png(image: NDArray[np.uint8]) -> bytes:
    """An RGB PNG of ``uint8 (height, width, 3)``, less than 65,536 bytes in all."""
    return _png(image, _COLOUR, ())


def palette_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of ``uint8 (height, width, 3)`` with its 256 most frequent colours, in steps of 8; of the same length."""
    height, width, _ = pixels.shape
    palette, places = _quantized(pixels.reshape(-1, 3))
    return _png(places.reshape(height, width), _PALETTE, ((b"PLTE", palette.tobytes()),))


def _png(values: NDArray[np.uint8], colour: int, more: tuple[tuple[bytes, bytes], ...]) -> bytes:
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    stored = struct.pack("<BHH", 1, len(rows), len(rows) ^ 0xFFFF) + rows
    data = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(rows))
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), *more, (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _quantized(colours: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The palette (at most 256, 3) and each colour's nearest place in it (n,)."""
    codes, inverse, counts = np.unique(
        colours.astype(np.int64) // _STEP @ [1024, 32, 1], return_inverse=True, return_counts=True
    )
    distinct = np.stack([codes // 1024, codes // 32 % 32, codes % 32], axis=1)
    palette = distinct[np.sort(np.argsort(-counts, kind="stable")[:COLOURS])]
    distance = np.square(palette).sum(axis=1) - 2 * distinct @ palette.T  # squared, less what is the same in a row
    return (palette * _STEP + _STEP // 2).astype(np.uint8), distance.argmin(axis=1).astype(np.uint8)[inverse]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
