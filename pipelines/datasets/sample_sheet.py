"""A picture of samples of an annotated dataset: a row for each split, with boxes, masks and names drawn."""

import io
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from pipelines.datasets.dataset import SPLITS, Dataset
from pipelines.datasets.drawn_truth import draw_label_mask, draw_objects, draw_pair
from pipelines.truth import LabelMask, Target, objects_of
from tatara.core.drawing import FAINT, INK, PAPER, fit, write
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.modalities.image import decode

if TYPE_CHECKING:
    import pandas

COLUMNS, SIDE, GAP, MARGIN, CAPTION, TITLE = 4, 340, 16, 24, 44, 72


def save_sample_sheet(
    dataset: Dataset,
    index: "pandas.DataFrame",
    objects: "pandas.DataFrame | None",
    present: Mapping[str, Collection[str]],
    path: Path,
) -> Path:
    """Write the sheet of a dataset as PNG: images that show as many classes as can be, the same every time.

    Args:
        dataset: with objects, label masks or pairs.
        index: its rows that decode.
        objects: as `pipelines.datasets.objects.build_objects` gives them; None for label masks and pairs.
        present: path -> classes in that image.
        path: of the PNG.
    """
    rows = []
    for split in SPLITS:
        own = index[index["split"] == split]
        chosen = set(_choose(own["path"].tolist(), present))
        found = own[own["path"].isin(chosen)].itertuples(index=False)
        rows.append([_card(_drawn(dataset, row, objects), row.path) for row in found])
    heights = [max(card.height for card in cards) for cards in rows if cards]
    sheet = Image.new("RGB", (2 * MARGIN + COLUMNS * (SIDE + GAP) - GAP, MARGIN + TITLE + sum(heights)), PAPER)
    pen = ImageDraw.Draw(sheet)
    write(pen, (MARGIN, MARGIN + 12), dataset.name, 26, INK, sheet.width - 2 * MARGIN)
    write(pen, (MARGIN, MARGIN + 42), _summary(dataset, index, objects), 15, FAINT, sheet.width - 2 * MARGIN)
    top = MARGIN + TITLE
    for cards, height in zip(filter(None, rows), heights, strict=True):
        for column, card in enumerate(cards):
            sheet.paste(card, (MARGIN + column * (SIDE + GAP), top + height - card.height))
        top += height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())
    return path


def _card(picture: Image.Image, path: str) -> Image.Image:
    """The picture with its split and name below."""
    card = Image.new("RGB", (SIDE, picture.height + CAPTION), PAPER)
    card.paste(picture, ((SIDE - picture.width) // 2, 0))
    caption = f"{path.split('/')[0]}  {Path(path).name}"
    write(ImageDraw.Draw(card), (0, picture.height + 14), caption, 14, FAINT, SIDE)
    return card


def _choose(paths: list[str], present: Mapping[str, Collection[str]]) -> list[str]:
    """Up to `COLUMNS` paths: each the one that adds most classes, else shows most; names have nothing to do with it."""
    left = sorted(paths, key=lambda path: sha256_bytes(path.encode()))
    chosen: list[str] = []
    seen: set[str] = set()
    while left and len(chosen) < COLUMNS:
        best = max(left, key=lambda path: (len(set(present.get(path, ())) - seen), len(present.get(path, ()))))
        chosen.append(best)
        seen.update(present.get(best, ()))
        left.remove(best)
    return chosen


def _summary(dataset: Dataset, index: "pandas.DataFrame", objects: "pandas.DataFrame | None") -> str:
    if not (classes := len(dataset.description.classes)):
        return f"{dataset.description.kind}: {len(index):,} images, each beside its target"
    marked = f", {len(objects):,} objects" if objects is not None else ""
    return f"{dataset.description.kind}: {len(index):,} images{marked}, {classes} class{'es' if classes > 1 else ''}"


def _drawn(dataset: Dataset, row: Any, objects: "pandas.DataFrame | None") -> Image.Image:
    pixels = decode((dataset.folder / row.path).read_bytes())
    classes = dataset.description.classes
    if objects is not None:
        return draw_objects(
            pixels, objects_of(objects[objects["path"] == row.path], int(row.width), int(row.height)), classes, SIDE
        )
    if dataset.description.format == "image-pairs":
        if row.target_error is None and (row.target_width, row.target_height) == (row.width, row.height):
            return draw_pair(pixels, Target(dataset.folder / row.target, row.target_digest).read(), SIDE)
        return fit(pixels, SIDE)
    if row.mask_error is None and (row.mask_width, row.mask_height) == (row.width, row.height):
        return draw_label_mask(pixels, LabelMask(dataset.folder / row.mask, row.mask_digest).read(), classes, SIDE)
    return fit(pixels, SIDE)
