"""How like two answers to one image are, 0..1, by kind; one of them may be the truth, which says less."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from tatara.core.boxes import matched
from tatara.core.errors import DecodeError, UsageError
from tatara.core.kinds.image import decoded

Told = Mapping[str, Any]
"""An answer of a kind as JSON has it; of a truth, only what is compared has to be there."""


THUMBNAIL = 32
"""Side in pixels of what is kept of an image."""


def likeness(kind: str, first: Told, second: Told) -> float:
    """Of two answers of ``kind``.

    classification: 1 where ``label`` is the same. detection and instances: the F1 score of ``objects`` that have the
    same ``label`` and whose ``box`` overlap by an IoU of 0.5 at least. segmentation: the share of the image that both
    give to the same class at most, from the ``share`` of each of ``classes``. image: 1 less the mean difference of the
    channels of ``image``, scaled down to `THUMBNAIL` pixels.

    Raises:
        UsageError: one has not what is compared.
    """
    try:
        return _KINDS[kind](first, second)
    except (KeyError, TypeError, ValueError, AttributeError, DecodeError):
        raise UsageError(f"not an answer of {kind}: {NEEDED[kind]} is needed") from None


def compared(kind: str, told: Told) -> dict[str, Any]:
    """Of an answer only what `likeness` looks at: masks are large.

    Raises:
        UsageError: it is not there.
    """
    try:
        return _COMPARED[kind](told)
    except (KeyError, TypeError, DecodeError):
        raise UsageError(f"not an answer of {kind}: {NEEDED[kind]} is needed") from None


NEEDED = {
    "classification": "`label`",
    "detection": "`objects` with `label` and `box`",
    "instances": "`objects` with `label` and `box`",
    "segmentation": "`classes` with `label` and `share`",
    "image": "`image`, a PNG in base64",
}


def _label(first: Told, second: Told) -> float:
    return float(str(first["label"]) == str(second["label"]))


def _objects(first: Told, second: Told) -> float:
    sides = ("x_min", "y_min", "x_max", "y_max")
    names = sorted({str(one["label"]) for told in (first, second) for one in told["objects"]})
    boxes, classes = [], []
    for told in (first, second):
        rows = [[float(one["box"][side]) for side in sides] for one in told["objects"]]
        boxes.append(np.array(rows, np.float64).reshape(-1, 4))
        classes.append(np.array([names.index(str(one["label"])) for one in told["objects"]], np.int64))
    objects = len(boxes[0]) + len(boxes[1])
    return 2 * len(matched(boxes[0], classes[0], boxes[1], classes[1])) / objects if objects else 1.0


def _shares(first: Told, second: Told) -> float:
    one, other = ({str(each["label"]): float(each["share"]) for each in told["classes"]} for told in (first, second))
    left_out = max(0.0, 1 - sum(one.values())), max(0.0, 1 - sum(other.values()))
    return min(1.0, min(left_out) + sum(min(share, other.get(label, 0.0)) for label, share in one.items()))


def _thumbnail(told: Told) -> list[int]:
    """Of an answer's image, or what `compared` kept of it: levels (`THUMBNAIL` x `THUMBNAIL` x 3), row by row."""
    if "thumbnail" in told:
        return list(told["thumbnail"])
    small = Image.fromarray(decoded(told["image"])).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return [int(level) for level in np.asarray(small).ravel()]


def _levels(first: Told, second: Told) -> float:
    one, other = (np.array(_thumbnail(told), np.float64) for told in (first, second))
    return float(1 - np.abs(one - other).mean() / 255)


def _parts(name: str, *parts: str) -> Callable[[Told], dict[str, Any]]:
    """Keeps ``parts`` of each of the list ``name``."""
    return lambda told: {name: [{part: one[part] for part in parts} for one in told[name]]}


_COMPARED: dict[str, Callable[[Told], dict[str, Any]]] = {
    "classification": lambda told: {"label": str(told["label"])},
    "detection": _parts("objects", "label", "box"),
    "instances": _parts("objects", "label", "box"),
    "segmentation": _parts("classes", "label", "share"),
    "image": lambda told: {"thumbnail": _thumbnail(told)},
}
_KINDS: dict[str, Callable[[Told, Told], float]] = {
    "classification": _label,
    "detection": _objects,
    "instances": _objects,
    "segmentation": _shares,
    "image": _levels,
}
