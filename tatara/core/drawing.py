"""Pictures for people: text that is drawn rather than boxed, and cards in a grid."""

import importlib.util
import io
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

INK, FAINT, PAPER, CARD, ACCENT, TRACK = "#1d2433", "#667085", "#f3f4f7", "#ffffff", "#2f6fed", "#e6e9f0"
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts")
WIDE = (
    "dejavusans.ttf",
    "notosanscjk",
    "sourcehan",
    "ipa",
    "takao",
    "vlgothic",
    "wqy",
    "droidsansfallback",
    "hiragino",
    "unifont",
    "noto",
)
Font = ImageFont.FreeTypeFont


@lru_cache(maxsize=512)
def font_for(text: str, size: int) -> tuple[Font, str]:
    """A font that has every character of ``text``, with the text to draw.

    Pillow's own font first, then `japanese_font`, then the machine's. Where none has the characters, the text comes
    back with those characters as ``U+732B``, which says more than empty boxes.
    """
    own = cast("Font", ImageFont.load_default(size))
    if _draws(own, text):
        return own, text
    for path in filter(None, (japanese_font(), *_machine_fonts())):
        try:
            found = ImageFont.truetype(path, size)
        except OSError:
            continue
        if _draws(found, text):
            return found, text
    return own, "".join(char if _draws(own, char) else f"U+{ord(char):04X} " for char in text).strip()


def write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, fill: str, room: int) -> int:
    """Draw one line of text, cut with an ellipsis at ``room`` pixels; its width."""
    font, shown = font_for(text, size)
    while shown and font.getlength(shown) > room:
        shown = shown.rstrip("…")[:-1] + "…" if len(shown.rstrip("…")) > 1 else ""
    draw.text(at, shown, fill, font, anchor="lm")
    return int(font.getlength(shown))


def fit(pixels: NDArray[np.uint8], box: int) -> Image.Image:
    """An image within ``box`` x ``box``: small ones enlarged by whole pixels, large ones reduced smoothly."""
    image = Image.fromarray(pixels)
    scale = box / max(image.size)
    if scale >= 2:
        return image.resize((image.width * int(scale), image.height * int(scale)), Image.Resampling.NEAREST)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def png(picture: Image.Image | NDArray[np.uint8]) -> bytes:
    """A PNG file of a picture or its pixels ``uint8 (height, width[, 3])``, made quickly rather than small."""
    stream = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def captioned(pictures: Sequence[Image.Image], captions: Sequence[str], margin: int = 12) -> list[Image.Image]:
    """Cards of one size, each a picture with a line of text below."""
    width, height = (max(picture.size[axis] for picture in pictures) for axis in (0, 1))
    cards = []
    for picture, caption in zip(pictures, captions, strict=True):
        card = Image.new("RGB", (width + 2 * margin, height + 2 * margin + 40), CARD)
        card.paste(picture, (margin + (width - picture.width) // 2, margin + (height - picture.height) // 2))
        write(ImageDraw.Draw(card), (2 * margin, card.height - 26), caption, 16, FAINT, width - 2 * margin)
        cards.append(card)
    return cards


def grid(cards: Sequence[Image.Image], footer: str, columns: int = 4, gap: int = 24) -> Image.Image:
    """Cards of one size in rows, with a line of text below."""
    columns = min(columns, len(cards))
    rows = -(-len(cards) // columns)
    width, height = cards[0].size
    picture = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap + 40), PAPER)
    for i, card in enumerate(cards):
        picture.paste(card, (gap + i % columns * (width + gap), gap + i // columns * (height + gap)))
    write(ImageDraw.Draw(picture), (gap, picture.height - 32), footer, 20, FAINT, picture.width - 2 * gap)
    return picture


@cache
def japanese_font() -> Path | None:
    """IPAex Gothic as the training environment brings it; None where only the serving one is installed."""
    found = importlib.util.find_spec("matplotlib_fontja")  # importing it would change Matplotlib's settings
    return Path(found.origin).with_name("fonts") / "ipaexg.ttf" if found and found.origin else None


@cache
def _machine_fonts() -> tuple[Path, ...]:
    """Font files of this machine, those known for wide coverage first."""
    files = [path for folder in FOLDERS for path in Path(folder).rglob("*") if path.suffix in (".ttf", ".ttc", ".otf")]
    rank = {path: next((i for i, name in enumerate(WIDE) if name in path.name.lower()), len(WIDE)) for path in files}
    return tuple(sorted(files, key=lambda path: (rank[path], str(path))))


def _draws(font: Font, text: str) -> bool:
    """Whether no character of ``text`` comes out as the font's box for missing characters."""
    missing = bytes(font.getmask("\U0010ffff"))
    return all(char.isspace() or bytes(font.getmask(char)) != missing for char in set(text))
