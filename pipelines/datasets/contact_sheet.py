"""A picture of samples: one row a class, its label at the left, examples spread over the splits."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.datasets.dataset import Dataset
from tatara.core.drawing import font_for
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.modalities import modality_module
from tatara.core.modalities import shown as shown_file

if TYPE_CHECKING:
    import pandas

ROWS, COLUMNS = 24, 10
CELL, GAP, MARGIN = 96, 6, 20
LABEL_WIDTH, TITLE_HEIGHT = 210, 64
INK, FAINT, PAPER, FRAME = "#1f2933", "#7b8794", "#ffffff", "#f0f2f5"


def save_contact_sheet(dataset: Dataset, index: "pandas.DataFrame", path: Path) -> Path:
    """Write the sheet of a dataset as PNG; the first `ROWS` classes, `COLUMNS` examples each, the same every time.

    ``index`` holds the rows that decode. A label that no font here can write appears as its number.
    """
    classes = dataset.description.classes
    shown = classes[:ROWS]
    width = 2 * MARGIN + LABEL_WIDTH + COLUMNS * (CELL + GAP) - GAP
    sheet = Image.new("RGB", (width, 2 * MARGIN + TITLE_HEIGHT + len(shown) * (CELL + GAP) - GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (MARGIN, MARGIN), dataset.name, 26, INK, width, "dataset")
    more = f", the first {ROWS} shown" if len(classes) > ROWS else ""
    summary = f"{len(index):,} {modality_module(dataset.description.modality).NOUN} in {len(classes)} classes{more}"
    _write(draw, (MARGIN, MARGIN + 34), summary, 14, FAINT, width, "")
    for row, label in enumerate(shown):
        top = MARGIN + TITLE_HEIGHT + row * (CELL + GAP)
        own = index[index["label"] == label]
        _write(draw, (MARGIN, top + CELL // 2 - 20), label, 18, INK, LABEL_WIDTH - 16, f"class {row}")
        _write(draw, (MARGIN, top + CELL // 2 + 6), f"{len(own):,}", 13, FAINT, LABEL_WIDTH - 16, "")
        for column, file in enumerate(_choose(own["path"].tolist())):
            left = MARGIN + LABEL_WIDTH + column * (CELL + GAP)
            draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), FRAME)
            cell = _thumbnail(shown_file(file, (dataset.folder / file).read_bytes()))
            sheet.paste(cell, (left + (CELL - cell.width) // 2, top + (CELL - cell.height) // 2))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())
    return path


def _choose(paths: list[str]) -> list[str]:
    """Up to `COLUMNS` paths in an order that has nothing to do with their names."""
    return sorted(paths, key=lambda path: sha256_bytes(path.encode()))[:COLUMNS]


def _thumbnail(pixels: NDArray[np.uint8]) -> Image.Image:
    """The picture fitted into a cell; tiny ones are enlarged by a whole number, with their pixels to be seen."""
    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest <= CELL:
        return image.resize([side * (CELL // longest) for side in image.size], Image.Resampling.NEAREST)
    return image.resize([max(1, round(side * CELL / longest)) for side in image.size], Image.Resampling.LANCZOS)


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: str, width: int, otherwise: str
) -> None:
    """Write ``text`` from its upper left corner, cut to ``width``; ``otherwise`` where no font has its characters."""
    font, shown = font_for(text, size)
    if shown != text:
        font, text = font_for(otherwise, size)
    while font.getlength(text) > width and len(text) > 1:
        text = text[:-2].rstrip() + "…"
    draw.text(at, text, ink, font)
