"""Image files of every kind that people send."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def scene() -> Image.Image:
    """Red on the left, blue on the right and brighter to the bottom: no two orientations look the same."""
    pixels = np.zeros((24, 40, 3), np.uint8)
    pixels[:, :26, 0] = 230
    pixels[:, 26:, 2] = 230
    pixels[16:, :, 1] = 60
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def oriented(orientation: int) -> bytes:
    """`scene` stored so that the EXIF ``orientation`` turns it upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = scene() if undo is None else scene().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, exif=exif)


def animated() -> bytes:
    return encoded(Image.new("RGB", (8, 8), "red"), "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8))])


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.full((8, 8), 0x8000, np.uint16)))


def bomb(side: int = 30_000) -> bytes:
    """A valid PNG of ``side`` x ``side`` black pixels: some 100 KB that unfold to 2.7 GB."""
    row = bytes(1 + side // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
