"""What belongs to an image: objects or a class for every pixel, as people marked them, or the image to be made."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tatara.core.errors import TataraError
from tatara.core.files import sha256_bytes
from tatara.core.modalities import image
from tatara.core.tiling import Window, window_of

if TYPE_CHECKING:
    import pandas

VISIBLE = 0.3
"""Part of an object's box that a window must show for the object to count there."""
IGNORE = 255
"""The value of a label mask's pixels that are neither learned nor judged."""


@dataclass(frozen=True)
class Objects:
    """The marked objects of one image, in its own, upright pixels.

    Attributes:
        boxes: float64 (objects, 4), ``x_min, y_min, x_max, y_max``; the last two are exclusive edges.
        labels: class names (objects,).
        crowd: bool (objects,); True for a region of many objects, which is neither learned nor counted as missed.
        rle: COCO's compressed run-length counts (objects,); None where an object has only a box.
        width, height: of the image.
    """

    boxes: NDArray[np.float64]
    labels: tuple[str, ...]
    crowd: NDArray[np.bool_]
    rle: tuple[str | None, ...]
    width: int
    height: int

    def mask(self, position: int) -> NDArray[np.uint8]:
        """The mask ``uint8 (height, width)``, 0 or 1, of one object; of its box where it has no mask."""
        from pycocotools import mask

        if (counts := self.rle[position]) is not None:
            found: NDArray[np.uint8] = mask.decode(self._encoded(counts))
            return found
        filled = np.zeros((self.height, self.width), np.uint8)
        left, top, right, bottom = np.rint(self.boxes[position]).astype(int).clip(0)
        filled[top:bottom, left:right] = 1
        return filled

    def within(self, window: Window) -> "Objects":
        """What a window shows, in its pixels. Objects of which less than `VISIBLE` is left there become crowd."""
        top, left, bottom, right = window
        moved = self.boxes - np.array([left, top, left, top], np.float64)
        boxes = np.clip(moved, 0, np.array([right - left, bottom - top] * 2, np.float64))
        shares = _areas(boxes) / np.maximum(_areas(self.boxes), 1e-9)
        kept = np.flatnonzero(shares > 0).tolist()
        return Objects(
            boxes=boxes[kept],
            labels=tuple(self.labels[i] for i in kept),
            crowd=self.crowd[kept] | (shares[kept] < VISIBLE),
            rle=tuple(_encode(window_of(self.mask(i), window)) if self.rle[i] is not None else None for i in kept),
            width=right - left,
            height=bottom - top,
        )

    def class_map(self, classes: Sequence[str]) -> NDArray[np.uint8]:
        """Position in ``classes`` of the object at each pixel ``uint8 (height, width)``.

        0, the background, where there is none; the later object where two lie; `IGNORE` in crowds.
        """
        found = np.zeros((self.height, self.width), np.uint8)
        for position, label in enumerate(self.labels):
            found[self.mask(position) > 0] = IGNORE if self.crowd[position] else classes.index(label)
        return found

    def _encoded(self, counts: str) -> Any:
        return {"size": [self.height, self.width], "counts": counts.encode()}


@dataclass(frozen=True)
class LabelMask:
    """A class for every pixel of one image, in the file ``path`` whose SHA-256 is ``digest``."""

    path: Path
    digest: str

    def read(self) -> NDArray[np.uint8]:
        """Positions of the classes ``uint8 (height, width)``; `IGNORE` where nothing is said.

        Raises:
            TataraError: missing, or not the bytes that were validated.
        """
        from PIL import Image

        with Image.open(io.BytesIO(_validated(self.path, self.digest))) as mask:
            return np.asarray(mask)


@dataclass(frozen=True)
class Target:
    """The image that is to be made of one image, in the file ``path`` whose SHA-256 is ``digest``."""

    path: Path
    digest: str

    def read(self) -> NDArray[np.uint8]:
        """Its pixels ``uint8 (height, width, 3)``, RGB.

        Raises:
            TataraError: missing, or not the bytes that were validated.
        """
        return image.decode(_validated(self.path, self.digest))


def _validated(path: Path, digest: str) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    if sha256_bytes(content) != digest:
        raise TataraError(f"{path}: missing or changed since it was validated; validate the dataset again")
    return content


def objects_of(rows: "pandas.DataFrame", width: int, height: int) -> Objects:
    """An image's own rows of the table of objects, perhaps none, as `pipelines.datasets.objects` makes it."""
    boxes = rows[["x_min", "y_min", "x_max", "y_max"]].to_numpy(np.float64)
    rle = tuple(counts if isinstance(counts, str) else None for counts in rows["rle"])
    return Objects(boxes, tuple(rows["label"]), rows["crowd"].to_numpy(bool), rle, width, height)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    found: NDArray[np.float64] = sides.prod(axis=1)
    return found


def _encode(mask: NDArray[np.uint8]) -> str:
    from pycocotools import mask as coco

    return str(coco.encode(np.asfortranarray(mask))["counts"].decode())


Truth = Objects | LabelMask | Target | None
"""None for kinds whose label is the example's own."""
