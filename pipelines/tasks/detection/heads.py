"""What the detection models share: the outputs' shape, and default boxes by feature map."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.boxes import grid_boxes

if TYPE_CHECKING:
    import keras


def detector(inputs: Any, heads: Sequence[tuple[Any, Any]], classes: int, name: str) -> "keras.Model":
    """A model from ``inputs`` to float32 (batch, boxes, 4 + 1 + classes): offsets, logits of background and classes.

    Args:
        inputs: prepared images.
        heads: by feature map, the offsets (batch, rows, rows, 4 n) and the logits (batch, rows, rows, (1 + classes) n)
            of its n default boxes at each place.
        classes: without the background.
        name: of the model.
    """
    import keras

    by_map = [
        keras.layers.Concatenate(dtype="float32")(
            [keras.layers.Reshape((-1, 4))(offsets), keras.layers.Reshape((-1, 1 + classes))(logits)]
        )
        for offsets, logits in heads
    ]
    outputs = keras.layers.Concatenate(axis=1, dtype="float32")(by_map) if len(by_map) > 1 else by_map[0]
    return keras.Model(inputs, outputs, name=name)


def boxes_by_map(rows: Sequence[int], shapes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Default boxes ``float32 (boxes, 4)`` of feature maps of ``rows`` cells a side, in the order of `detector`."""
    return np.concatenate([grid_boxes(count, each) for count, each in zip(rows, shapes, strict=True)])


def shapes_of(scale: float, next_scale: float, ratios: Sequence[float]) -> NDArray[np.float32]:
    """Widths and heights ``float32 (n, 2)``: section 2.2 of arXiv:1512.02325.

    A square of ``scale``, one of the geometric mean of both scales, then ``scale`` at each ratio of width to height.
    """
    between = float(np.sqrt(scale * next_scale))
    squares = [(scale, scale), (between, between)]
    return np.array([*squares, *((scale * np.sqrt(r), scale / np.sqrt(r)) for r in ratios)], np.float32)
