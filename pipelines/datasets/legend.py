"""What the values or colours of a set's label masks mean, where a convention or a file beside them says so."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.truth import IGNORE
from tatara.core.errors import UsageError

FILES = ("class_dict.csv", "label_colors.txt", "labelmap.txt")
"""As CamVid has them, and exports of CVAT: ``name,r,g,b``, ``r g b name`` or ``name:r,g,b:parts:actions`` a line."""
LEFT_OUT = ("void", "unlabelled", "unlabeled", "unknown", "ignore", "ignored")
"""Names of colours that mark pixels of no class."""

_LEVELS = r"(?P<red>\d{1,3})[,;\s]+(?P<green>\d{1,3})[,;\s]+(?P<blue>\d{1,3})"
_LINES = (
    re.compile(rf"{_LEVELS}[,;\s]+(?P<name>\S.*)"),
    re.compile(rf"(?P<name>[^,;:]+)[,;:]\s*{_LEVELS}(?:\s*[,;:].*)?"),
)


@dataclass(frozen=True)
class Legend:
    """Which class each value of a mask is.

    Attributes:
        classes: names in order.
        positions: grey value, or colour as ``red << 16 | green << 8 | blue``, -> the class's position or `IGNORE`.
        colours: whether it is of colours.
    """

    classes: tuple[str, ...]
    positions: Mapping[int, int]
    colours: bool

    def apply(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Positions of classes ``uint8 (height, width)`` of greys of that shape, or RGB ``(height, width, 3 or more)``.

        Raises:
            ValueError: values that are not in the legend; the message names the most frequent of them.
        """
        flat = values.astype(np.int64)
        if self.colours:
            flat = flat[..., 0] << 16 | flat[..., 1] << 8 | flat[..., 2]
        known, places, counts = np.unique(flat, return_inverse=True, return_counts=True)
        if strange := [i for i, value in enumerate(known) if int(value) not in self.positions]:
            most = int(known[max(strange, key=lambda i: counts[i])])
            what = f"colour {most >> 16},{most >> 8 & 255},{most & 255}" if self.colours else f"value {most}"
            raise ValueError(f"{counts[strange].sum():,} pixels of no class, most of {what}")
        table = np.array([self.positions[int(value)] for value in known], np.uint8)
        found: NDArray[np.uint8] = table[places].reshape(flat.shape)
        return found


def read(root: Path, files: Sequence[str]) -> Legend | None:
    """The colours that the shallowest of `FILES` names, None where there is none. Other lines are passed over.

    Raises:
        UsageError: it names no class, or one colour twice.
    """
    found = [path for path in files if PurePosixPath(path).name.lower() in FILES]
    if not found:
        return None
    path = root / min(found, key=lambda path: (path.count("/"), path))
    classes: list[str] = []
    positions: dict[int, int] = {}
    for name, colour in _lines(path):
        if colour in positions:
            raise UsageError(f"{path}: {name!r} has the colour of another line; mend it")
        if name.lower() not in LEFT_OUT and name not in classes:
            classes.append(name)
        positions[colour] = classes.index(name) if name in classes else IGNORE
    if not classes:
        raise UsageError(f"{path}: no line of it is a class and its colour, such as road,128,64,128")
    return Legend(tuple(classes), positions, colours=True)


def _lines(path: Path) -> list[tuple[str, int]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    found = []
    for line in (line.strip() for line in lines):
        match = next((match for form in _LINES if (match := form.fullmatch(line))), None)
        if match and not line.startswith("#"):
            red, green, blue = (int(match[name]) for name in ("red", "green", "blue"))
            found.append((" ".join(match["name"].split()), red << 16 | green << 8 | blue))
    return found
