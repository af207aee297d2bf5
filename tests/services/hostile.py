"""Files that are sent to hurt: bombs, lies, wrecks, and what is one kind of file and says that it is another."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, PngImagePlugin

from tests.services.images import animated, bomb, encoded, scene


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, data: bytes, bits: int = 8, colour: int = 2, *more: bytes) -> bytes:
    """A PNG file whose header says what it likes."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join((chunk(b"IHDR", header), *more, chunk(b"IDAT", data), chunk(b"IEND", b"")))


def texts(count: int, each: int) -> bytes:
    """A small picture with packed texts that unfold."""
    info = PngImagePlugin.PngInfo()
    for i in range(count):
        info.add_text(f"t{i}", "a" * each, zip=True)
    return encoded(scene(), pnginfo=info)


def gif_of_many_frames(frames: int) -> bytes:
    """A GIF file with as many one-pixel frames."""
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
    return head + b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00" * frames + b"\x3b"


def tiff(entries: list[tuple[int, int, int, int]], after: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF file of one directory: tag, type, count and value of each entry."""
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\x00" + struct.pack("<I", 8) + body + struct.pack("<I", following) + after


def bmp(width: int, height: int, bits: int = 24, data: bytes = b"") -> bytes:
    """A BMP file whose header says what it likes."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(data), 1, 1, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + info + data


def webp(width: int, height: int) -> bytes:
    """A WebP file of 16,383 pixels a side at most: its header lies about the few bytes behind it."""
    head = struct.pack("<I", 0x2F | (width - 1) << 8 | ((height - 1) & 3) << 22)
    body = b"VP8L" + struct.pack("<I", 5) + head + bytes([(height - 1) >> 2 & 0xFF])
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def jpeg(width: int = 64, height: int = 64) -> bytes:
    """Noise, so that there is something to damage."""
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(noise), "JPEG", quality=95)


def jpeg_that_says(width: int, height: int) -> bytes:
    """A small JPEG file whose header has other numbers."""
    content = jpeg()
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def archive() -> bytes:
    """A ZIP file of a picture."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("a.png", encoded(scene()))
    return stream.getvalue()


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch /tmp/pwned) (w) file\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:9/x" width="9" height="9"/></svg>'
MVG = b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1:9/x'\npop graphic-context\n"
FINE = encoded(scene())
ROWS = zlib.compress((b"\x00" + b"\x80" * 3 * 64) * 64)


def _made() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for side in (20_000, 30_000, 60_000):
        yield f"png bomb {side}", lambda side=side: bomb(side)  # type: ignore[misc]
    yield "png of 2^31 pixels a side", lambda: png(2**31 - 1, 2**31 - 1, ROWS)
    yield "png one row high, very wide", lambda: png(2**30, 1, ROWS)
    yield "png of no width", lambda: png(0, 64, ROWS)
    yield "png of no height", lambda: png(64, 0, ROWS)
    yield "png with too few rows", lambda: png(64, 6400, ROWS)
    yield "png with more data than rows", lambda: png(64, 1, zlib.compress(bytes(20_000_000)))
    yield "png cut in its data", lambda: FINE[:-30]
    yield "png cut in its header", lambda: FINE[:20]
    yield "png cut after its signature", lambda: FINE[:8]
    yield "png with a wrong checksum", lambda: FINE[:40] + b"\xff\xff" + FINE[42:]
    yield "png with a chunk of 2 GB", lambda: FINE[:33] + struct.pack(">I", 2**31 - 1) + b"tEXt" + FINE[33:]
    yield "png of 16 bits and four channels", lambda: png(64, 64, zlib.compress((b"\0" + b"\x80" * 512) * 64), 16, 6)
    yield "png of an unknown colour type", lambda: png(64, 64, ROWS, 8, 5)
    yield "png of 3 bits", lambda: png(64, 64, ROWS, 3, 0)
    yield "png palette without a palette", lambda: png(64, 64, zlib.compress((b"\0" + bytes(64)) * 64), 8, 3)
    yield (
        "png with a false profile",
        lambda: png(64, 64, ROWS, 8, 2, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(50_000_000)))),
    )
    yield "png with a text that unfolds", lambda: texts(1, 60_000_000)
    yield "png with many texts that unfold", lambda: texts(80, 900_000)
    yield (
        "png animated with 2^31 frames",
        lambda: png(64, 64, ROWS, 8, 2, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    )
    yield "png with nothing in its data", lambda: png(64, 64, b"")
    yield "png with false packing", lambda: png(64, 64, b"\x78\x9c" + b"\xff" * 64)
    yield "jpeg cut in its data", lambda: jpeg()[:-900]
    yield "jpeg cut in its header", lambda: jpeg()[:60]
    yield "jpeg that says 65,535 a side", lambda: jpeg_that_says(65_535, 65_535)
    yield "jpeg that says no pixels", lambda: jpeg_that_says(0, 0)
    yield "jpeg that says a little more", lambda: jpeg_that_says(640, 640)
    yield "jpeg without tables", lambda: jpeg().replace(b"\xff\xdb", b"\xff\xfe")
    yield "jpeg full of markers", lambda: jpeg()[:2] + b"\xff\xe1\x00\x02" * 400_000 + jpeg()[2:]
    yield "jpeg with damaged data", lambda: jpeg()[:-2000] + b"\xff\xd0" * 500 + jpeg()[-1000:]
    yield "jpeg of CMYK", lambda: encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    yield "jpeg with a false orientation", lambda: encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    yield "jpeg with a picture behind it", lambda: jpeg() + FINE
    yield "gif of two frames", animated
    yield "gif of a million frames", lambda: gif_of_many_frames(1_000_000)
    yield "gif of 65,535 a side", lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20)
    yield "gif cut", lambda: encoded(scene(), "GIF")[:50]
    yield "gif with a false code size", lambda: gif_of_many_frames(1).replace(b"\x02\x02\x44", b"\xff\x02\x44")
    yield "bmp of 2^31 pixels a side", lambda: bmp(2**31 - 1, 2**31 - 1)
    yield "bmp of negative width", lambda: bmp(-64, 64, data=bytes(64 * 64 * 3))
    yield "bmp without data", lambda: bmp(4000, 4000)
    yield "bmp of 7 bits", lambda: bmp(64, 64, 7, bytes(9000))
    yield "tiff of 2^31 pixels a side", lambda: tiff([(256, 4, 1, 2**31 - 1), (257, 4, 1, 2**31 - 1)])
    yield "tiff that goes round", lambda: tiff([(256, 4, 1, 8), (257, 4, 1, 8)], following=8)
    yield "tiff of a million values", lambda: tiff([(256, 4, 1, 8), (257, 4, 1, 8), (273, 4, 2**28, 8)])
    yield "tiff without entries", lambda: tiff([])
    yield "tiff of 32-bit numbers", lambda: encoded(Image.fromarray(np.full((8, 8), 1e30, np.float32)), "TIFF")
    yield "tiff cut", lambda: encoded(scene(), "TIFF")[:40]
    yield "webp that says 16,383 a side", lambda: webp(16_383, 16_383)
    yield "webp cut", lambda: encoded(scene(), "WEBP")[:40]
    yield "postscript", lambda: POSTSCRIPT
    yield "svg with an address", lambda: SVG
    yield "graphics with an address", lambda: MVG
    yield "pdf", lambda: b"%PDF-1.7\n" + FINE
    yield "zip of a picture", archive
    yield "picture and zip at once", lambda: FINE + archive()
    yield "zip before a picture", lambda: archive() + FINE
    yield "html that begins as gif", lambda: b"GIF89a/*" + b"<script>alert(1)</script>" * 9
    yield "a program", lambda: b"\x7fELF" + bytes(4096)
    yield "zeros", lambda: bytes(1_000_000)
    yield "ones", lambda: b"\xff" * 1_000_000
    yield "noise", lambda: np.random.default_rng(0).bytes(1_000_000)
    yield "text", lambda: b"http://127.0.0.1:9/a.png\n"
    yield "nothing", lambda: b""


HOSTILE = dict(_made())
