"""Every kind of image file that reaches the decoder, sound, odd, damaged and hostile."""

import io
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tatara.core.errors import DecodeError
from tatara.core.modalities.image import MAX_PIXELS, decode, measure

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
GREY = RGB[:, :, 0]
SIXTEEN = np.random.default_rng(1).integers(0, 65536, (6, 9), np.uint16)


def file_of(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def grey_three(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[:, :, None], 3, axis=2)


def refusal(content: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(content)
    message = str(caught.value)
    assert "\n" not in message
    return message


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG written by hand: what Pillow reads is held to the standard, not to what Pillow writes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def tiff(values: bytes, width: int, height: int, bits: int, order: str, samples: int = 1) -> bytes:
    """A TIFF of one strip of unsigned numbers, in either byte order."""
    photometric = 1 if samples == 1 else 2
    tags = [
        (256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 8),
        (277, 3, samples), (278, 3, height), (279, 4, len(values)),
    ]  # fmt: skip
    pack = {3: order + "HHIHxx", 4: order + "HHII"}
    entries = b"".join(struct.pack(pack[kind], tag, kind, 1, value) for tag, kind, value in tags)
    magic = b"II" if order == "<" else b"MM"
    start = magic + struct.pack(order + "HI", 42, 8 + len(values)) + values
    return start + struct.pack(order + "H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_rgb_is_exact(form: str) -> None:
    assert np.array_equal(decode(file_of(Image.fromarray(RGB), form, lossless=True)), RGB)


def test_one_pixel() -> None:
    pixels, facts = measure(file_of(Image.new("RGB", (1, 1), (10, 20, 30)), "PNG"))
    assert pixels.tolist() == [[[10, 20, 30]]]
    assert (facts.width, facts.height, facts.mode, facts.brightness_deviation) == (1, 1, "RGB", 0.0)
    assert facts.brightness_mean == pytest.approx(0.299 * 10 + 0.587 * 20 + 0.114 * 30)


def test_facts_are_of_the_upright_image() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = file_of(Image.fromarray(RGB), "PNG", exif=exif)
    pixels, facts = measure(content)
    assert pixels.shape == (9, 6, 3)
    assert (facts.width, facts.height, facts.bytes) == (6, 9, len(content))


UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored),
}
"""EXIF 2.3, tag 0x0112: how the stored rows must be turned to stand upright."""


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_all_eight_orientations_give_the_upright_pixels(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    plain = decode(file_of(Image.fromarray(RGB), form, **options))
    turned = decode(file_of(Image.fromarray(RGB), form, exif=exif, **options))
    assert np.array_equal(turned, UPRIGHT[orientation](plain))


def test_an_orientation_that_does_not_exist_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert np.array_equal(decode(file_of(Image.fromarray(RGB), "PNG", exif=exif)), RGB)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_grey_is_read_by_its_upper_byte(order: str) -> None:
    content = tiff(SIXTEEN.astype(order + "u2").tobytes(), 9, 6, 16, order)
    assert np.array_equal(decode(content), grey_three((SIXTEEN >> 8).astype(np.uint8)))
    assert measure(content)[1].mode == ("I;16" if order == "<" else "I;16B")


def test_sixteen_bit_png_grey_and_rgb_are_read_by_their_upper_byte() -> None:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in SIXTEEN)
    assert np.array_equal(decode(png(9, 6, 16, 0, rows)), grey_three((SIXTEEN >> 8).astype(np.uint8)))
    assert np.array_equal(decode(png(3, 6, 16, 2, rows)), (SIXTEEN >> 8).astype(np.uint8).reshape(6, 3, 3))


def test_one_bit_is_black_and_white() -> None:
    bits = GREY > 127
    assert np.array_equal(decode(file_of(Image.fromarray(bits), "PNG")), grey_three(bits.astype(np.uint8) * 255))


def test_grey_is_three_equal_channels() -> None:
    assert np.array_equal(decode(file_of(Image.fromarray(GREY), "PNG")), grey_three(GREY))


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_palette_gives_its_colours(form: str) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 1, 2, 3])
    image.putdata([0, 1])
    assert decode(file_of(image, form)).tolist() == [[[255, 0, 0], [1, 2, 3]]]


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_palette_entry_lies_over_white(form: str) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 1, 2, 3])
    image.putdata([0, 1])
    assert decode(file_of(image, form, transparency=0)).tolist() == [[[255, 255, 255], [1, 2, 3]]]


def test_transparency_lies_over_white() -> None:
    alpha = np.array([[0, 51, 255]], np.uint8)
    rgba = np.dstack([np.full((1, 3, 3), 100, np.uint8), alpha])
    expected = [[[value] * 3 for value in (255, 255 - 31, 100)]]
    assert decode(file_of(Image.fromarray(rgba), "PNG")).tolist() == expected
    grey_alpha = Image.merge("LA", (Image.new("L", (3, 1), 100), Image.fromarray(alpha)))
    assert decode(file_of(grey_alpha, "PNG")).tolist() == expected


def test_one_transparent_colour_lies_over_white() -> None:
    rows = b"\0" + bytes([1, 2, 3, 4, 5, 6])
    transparent = chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))
    assert decode(png(2, 1, 8, 2, rows, transparent)).tolist() == [[[255, 255, 255], [4, 5, 6]]]


@pytest.mark.parametrize("marked", [True, False])
def test_cmyk_jpeg_has_its_colours(marked: bool) -> None:
    """Adobe stores CMYK inverted and says so in APP14; files without it are inverted all the same."""
    content = file_of(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    at = content.index(b"\xff\xee")
    assert content[at + 4 : at + 9] == b"Adobe"
    if not marked:
        content = content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4], "big") :]
    assert np.abs(decode(content).astype(int) - (255, 0, 0)).max() <= 3
    assert measure(content)[1].mode == "CMYK"


def test_cmyk_tiff_has_its_colours() -> None:
    assert decode(file_of(Image.new("CMYK", (1, 1), (255, 0, 0, 0)), "TIFF")).tolist() == [[[0, 255, 255]]]


def test_ycbcr_tiff_has_its_colours() -> None:
    content = file_of(Image.fromarray(RGB).convert("YCbCr"), "TIFF")
    assert np.abs(decode(content).astype(int) - RGB).max() <= 3


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_pixels_without_an_agreed_meaning_are_refused(mode: str) -> None:
    image = Image.fromarray(RGB) if mode == "LAB" else Image.fromarray(GREY)
    if mode == "LAB":
        image = Image.frombytes("LAB", image.size, image.tobytes())
    else:
        image = image.convert(mode)
    message = refusal(file_of(image, "TIFF"))
    assert message == f"pixel format {mode} is not read; save it with 8 or 16 bits, as RGB or grey"


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_more_than_one_frame_is_refused(form: str) -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB), Image.fromarray(RGB[::-1].copy())]
    content = file_of(frames[0], form, save_all=True, append_images=frames[1:])
    assert refusal(content) == "animated or multi-page; send one frame as a file of its own"


def test_a_cameras_jpeg_with_further_pictures_is_its_first() -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    content = file_of(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert np.array_equal(decode(content), decode(file_of(frames[0], "JPEG")))


def test_zero_bytes_text_and_other_formats_are_refused() -> None:
    assert refusal(b"") == "the file is empty (0 bytes)"
    assert refusal(b"not an image") == "not an image: 12 bytes in no format that is read here"


@pytest.mark.parametrize("form", ["EPS", "PPM", "TGA", "ICO", "JPEG2000", "PCX", "SGI", "IM", "DDS", "PDF"])
def test_formats_that_are_not_meant_are_never_parsed(form: str) -> None:
    """EPS would start Ghostscript; the others are parsers that nobody needs here."""
    assert refusal(file_of(Image.new("RGB", (16, 16)), form)).startswith("not an image")


def test_the_extension_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(file_of(Image.fromarray(RGB), "PNG"))
    assert np.array_equal(decode(path.read_bytes()), RGB)


def bomb(side: int = 30_000) -> bytes:
    """A sound 30,000 x 30,000 PNG of one bit a pixel in some 110 kB."""
    return png(side, side, 1, 0, bytes(side * (1 + side // 8)))


def test_a_huge_image_is_refused_by_its_header() -> None:
    content = bomb()
    assert len(content) < 200_000
    assert refusal(content).startswith("too large")
    side = int(MAX_PIXELS**0.5)
    assert refusal(bomb(side + 8)).startswith(f"too large: {side + 8} x {side + 8} pixels, at most")


def _bmp(side: int) -> bytes:
    return b"BM" + struct.pack("<IIIIiiHH", 100, 0, 54, 40, side, side, 1, 24) + bytes(24)


def _gif(side: int) -> bytes:
    size = struct.pack("<HH", side, side)
    return b"GIF89a" + size + bytes(3) + b",\0\0\0\0" + size + b"\0\x08\x01\0\0;"


def _jpeg(side: int) -> bytes:
    small = file_of(Image.new("L", (8, 8)), "JPEG")
    return small.replace(struct.pack(">HH", 8, 8), struct.pack(">HH", side, side), 1)


def _webp(width: int, height: int) -> bytes:
    content = bytearray(file_of(Image.new("RGB", (8, 8)), "WEBP", lossless=True))
    at = content.index(b"VP8L") + 9
    content[at : at + 4] = ((width - 1) | (height - 1) << 14).to_bytes(4, "little")
    return bytes(content)


BOMBS = {
    "png": bomb(),
    "tiff": tiff(bytes(8), 30_000, 30_000, 8, "<"),
    "bmp": _bmp(30_000),
    "gif": _gif(30_000),
    "jpeg": _jpeg(30_000),
    "webp": _webp(16_383, 16_383),
}

MEASURE = """
import resource, sys
from pathlib import Path
from tatara.core.errors import DecodeError
from tatara.core.modalities.image import decode
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        decode(Path(path).read_bytes())
    except DecodeError as error:
        print(Path(path).stem, error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_refusing_a_huge_image_takes_no_memory(tmp_path: Path) -> None:
    for name, content in BOMBS.items():
        (tmp_path / f"{name}.bin").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=True,
    )
    *refusals, grown = done.stdout.splitlines()
    assert [line.split()[:3] for line in refusals] == [[name, "too", "large:"] for name in sorted(BOMBS)]
    assert int(grown) * 1024 < 50_000_000 if sys.platform == "linux" else int(grown) < 50_000_000


LARGER = Image.fromarray(np.kron(RGB, np.ones((4, 4, 1), np.uint8)))
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
SOUND = {
    **{form: file_of(LARGER, form) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")},
    "TIFF-LZW": file_of(LARGER, "TIFF", compression="tiff_lzw"),
    "JPEG-progressive": file_of(LARGER, "JPEG", progressive=True),
    "WEBP-lossless": file_of(LARGER, "WEBP", lossless=True),
    "PNG-16": png(9, 6, 16, 0, b"".join(b"\0" + row.astype(">u2").tobytes() for row in SIXTEEN)),
    "JPEG-EXIF": file_of(LARGER, "JPEG", exif=EXIF),
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut, flipped, doubled or shuffled somewhere."""
    at, kind = chance.randrange(len(content)), chance.randrange(5)
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + content[at + chance.randrange(1, 9) :]
    if kind == 2:
        return content[:at] + content[at:] * 2
    flipped = bytearray(content)
    for _ in range(chance.choice([1, 1, 4, 16])):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


@pytest.mark.parametrize("name", SOUND)
def test_damage_gives_pixels_or_a_decode_error_and_nothing_else(name: str) -> None:
    chance = random.Random(name)
    reasons = []
    for _ in range(300):
        try:
            pixels = decode(damaged(SOUND[name], chance))
        except DecodeError as error:
            reasons.append(str(error))
        else:
            assert (pixels.ndim, pixels.shape[2], pixels.dtype) == (3, 3, np.uint8)
    assert len(reasons) > 20
    assert not [reason for reason in reasons if "\n" in reason]


@pytest.mark.parametrize("name", SOUND)
def test_half_a_file_is_refused(name: str) -> None:
    assert refusal(SOUND[name][: len(SOUND[name]) // 2]).startswith(("damaged image", "not an image"))
