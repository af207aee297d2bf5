"""How pictures look, and labels in any script."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tatara.core.drawing import japanese_font

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, RED, INK, PALE = "#2f6f8f", "#d1603d", "#33373d", "#dfe7ec"
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa0a6",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#5f6368",
    "ytick.color": "#5f6368",
    "grid.color": "#e8eaed",
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
}
_SCRIPTS = (
    "Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "IPAGothic", "TakaoGothic", "WenQuanYi Zen Hei",
    "Hiragino Sans", "Yu Gothic", "Droid Sans Fallback", "Noto Sans",
)  # fmt: skip


@contextmanager
def picture(path: Path, width: float, height: float, texts: Sequence[str] = ()) -> Iterator["Figure"]:
    """An empty figure of that size in inches, saved to ``path`` when the block ends.

    ``texts`` are those that may need other fonts than Matplotlib's own; see `legible`.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({**STYLE, "font.family": _families(texts)}):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110, metadata={"Software": None})


def gallery(path: Path, images: NDArray[np.float32], labels: Sequence[str], title: str, columns: int = 8) -> None:
    """Images ``float32 (examples, height, width, 3)``, RGB in 0..1, each under its label."""
    height, side = images.shape[1:3]
    gap, line = max(1, side // 12), max(2, side // 5)
    rows = -(-len(images) // columns)
    sheet = np.ones((rows * (height + line) + gap, columns * (side + gap) + gap, 3), np.float32)
    width = 1.25 * columns
    with picture(path, width, width * sheet.shape[0] / sheet.shape[1] + 0.3, labels) as figure:
        axis = figure.subplots()
        for position, (image, label) in enumerate(zip(images, labels, strict=True)):
            top, left = position // columns * (height + line) + line, gap + position % columns * (side + gap)
            sheet[top : top + height, left : left + side] = image
            axis.text(left + side / 2, top - line / 4, label, ha="center", fontsize=8)
        axis.imshow(sheet, interpolation="nearest", vmin=0, vmax=1)
        axis.set_axis_off()
        axis.set_title(title)


def legible(labels: Sequence[str], length: int = 22) -> list[str]:
    """The labels as they can be drawn, cut to ``length``; ``#`` and its number for one that no font here has.

    Dollar signs are escaped, which Matplotlib would read as formulas.
    """
    families = _families(labels)
    return [
        shortened(label, length).replace("$", r"\$") if _covered([label], families) else f"#{number}"
        for number, label in enumerate(labels)
    ]


def shortened(label: str, length: int = 22) -> str:
    """``label``, cut to ``length`` characters."""
    return label if len(label) <= length else label[: length - 1] + "…"


def _families(texts: Sequence[str]) -> list[str]:
    if all(text.isascii() for text in texts):
        return ["DejaVu Sans"]
    return ["DejaVu Sans", *(name for name in _SCRIPTS if name in _known_fonts())]


@cache
def _known_fonts() -> frozenset[str]:
    """Names of the machine's fonts and of the one that came with the environment."""
    from matplotlib.font_manager import fontManager

    if brought := japanese_font():
        fontManager.addfont(brought)
        # It has no bold, which each title would be told.
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    return frozenset(font.name for font in fontManager.ttflist)


def _covered(texts: Sequence[str], families: Sequence[str]) -> bool:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    needed = {ord(character) for text in texts for character in text if character.isprintable()}
    for family in families:
        needed -= FT2Font(font_manager.findfont(family)).get_charmap().keys()
    return not needed
