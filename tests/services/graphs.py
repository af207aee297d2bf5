"""The ONNX graphs of one small model of each kind, by hand: classes are the strongest colours of a picture.

Each has 8 x 8 x 3 prepared pixels of 0..1 as ``batch`` and the classes red, green and blue.
"""

from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, TensorProto, helper

SIDE = 8
SEEN = 0.3
"""Level of a colour from which on a pixel belongs to its object."""
node = helper.make_node


@dataclass(frozen=True)
class Graphs:
    """Nodes and constants of ``model`` and ``finish``, and the shapes of what they give."""

    outputs: dict[str, tuple[int, ...]]
    model: list[NodeProto]
    constants: dict[str, np.ndarray]
    finished: dict[str, tuple[int | str, ...]] = field(default_factory=dict)
    finish: list[NodeProto] = field(default_factory=list)
    finish_constants: dict[str, np.ndarray] = field(default_factory=dict)


TYPES = {
    "classes": TensorProto.INT32,
    "labels": TensorProto.UINT8,
    "masks": TensorProto.UINT8,
    "image": TensorProto.UINT8,
}
"""Of finished outputs that are not float32."""


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def classification(classes: int) -> Graphs:
    """The share of each colour, the left half weighted."""
    weights = np.zeros((SIDE, SIDE, 3, classes), np.float32)
    for channel in range(3):
        weights[:, : SIDE // 2, channel, channel] = 0.12
        weights[:, SIDE // 2 :, channel, channel] = 0.08
    nodes = [
        node("Reshape", ["batch", "shape"], ["rows"]),
        node("MatMul", ["rows", "weights"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants = {"shape": ints(-1, SIDE * SIDE * 3), "weights": weights.reshape(-1, classes)}
    return Graphs({"probabilities": (classes,)}, nodes, constants)


_OBJECTS = [
    node("Greater", ["batch", "seen"], ["bits"]),
    node("Cast", ["bits"], ["set"], to=TensorProto.FLOAT),
    node("ReduceMax", ["set", "rows_axis"], ["columns"], keepdims=0),
    node("ReduceMax", ["set", "columns_axis"], ["lines"], keepdims=0),
    node("ArgMax", ["columns"], ["left"], axis=1),
    node("ArgMax", ["lines"], ["top"], axis=1),
    node("ArgMax", ["columns"], ["last_column"], axis=1, select_last_index=1),
    node("ArgMax", ["lines"], ["last_line"], axis=1, select_last_index=1),
    node("Add", ["last_column", "one"], ["right"]),
    node("Add", ["last_line", "one"], ["bottom"]),
    node("Concat", ["left", "top", "right", "bottom"], ["edges"], axis=1),
    node("Transpose", ["edges"], ["by_class"], perm=[0, 2, 1]),
    node("Cast", ["by_class"], ["boxes"], to=TensorProto.FLOAT),
    node("Mul", ["batch", "set"], ["levels"]),
    node("ReduceMax", ["levels", "both_axes"], ["scores"], keepdims=0),
    node("Shape", ["scores"], ["scores_shape"]),
    node("Expand", ["positions", "scores_shape"], ["classes"]),
]
_OBJECTS_CONSTANTS = {
    "seen": np.array(SEEN, np.float32),
    "rows_axis": ints(1),
    "columns_axis": ints(2),
    "both_axes": ints(1, 2),
    "one": ints(1),
    "positions": np.array([[0, 1, 2]], np.int32),
}
_PLACED = [
    node("Cast", ["size"], ["sides"], to=TensorProto.FLOAT),
    node("Gather", ["sides", "order"], ["widths"]),
    node("Div", ["widths", "prepared_side"], ["steps"]),
    node("Mul", ["model_boxes", "steps"], ["boxes"]),
    node("Identity", ["model_scores"], ["scores"]),
    node("Identity", ["model_classes"], ["classes"]),
]
_PLACED_CONSTANTS = {"order": ints(1, 0, 1, 0), "prepared_side": np.array(SIDE, np.float32)}
_BOXES: dict[str, tuple[int | str, ...]] = {"boxes": (3, 4), "scores": (3,), "classes": (3,)}


def detection(classes: int) -> Graphs:
    """The box around each colour; its score is the colour's highest level, 0 where there is none of it."""
    outputs = {"boxes": (3, 4), "scores": (3,), "classes": (3,)}
    return Graphs(outputs, _OBJECTS, _OBJECTS_CONSTANTS, _BOXES, _PLACED, _PLACED_CONSTANTS)


def instances(classes: int) -> Graphs:
    """`detection`, with the pixels of each colour."""
    outputs = {"boxes": (3, 4), "scores": (3,), "classes": (3,), "masks": (3, SIDE, SIDE)}
    pasted = [
        node("Unsqueeze", ["model_masks", "first"], ["one_image"]),
        node("Cast", ["size"], ["sides_long"], to=TensorProto.INT64),
        node("Concat", ["leading", "sides_long"], ["target"], axis=0),
        node("Resize", ["one_image", "", "", "target"], ["large"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        node("Squeeze", ["large", "first"], ["flat"]),
        node("Cast", ["flat"], ["masks"], to=TensorProto.UINT8),
    ]  # fmt: skip
    constants = _PLACED_CONSTANTS | {"first": ints(0), "leading": ints(1, 3)}
    finished = _BOXES | {"masks": (3, "height", "width")}
    model = [*_OBJECTS, node("Transpose", ["set"], ["masks"], perm=[0, 3, 1, 2])]
    return Graphs(outputs, model, _OBJECTS_CONSTANTS, finished, [*_PLACED, *pasted], constants)


def segmentation(classes: int) -> Graphs:
    """The strongest colour of each pixel; the confidence grows with its lead."""
    model = [
        node("Mul", ["batch", "sharpness"], ["sharp"]),
        node("Softmax", ["sharp"], ["shares"], axis=3),
    ]
    finish = [
        node("Cast", ["size"], ["sides"], to=TensorProto.INT64),
        node("Concat", ["sides", "classes"], ["target"], axis=0),
        node("Resize", ["model_shares", "", "", "target"], ["large"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        node("ReduceMax", ["large", "last"], ["confidence"], keepdims=0),
        node("ArgMax", ["large"], ["winner"], axis=2, keepdims=0),
        node("Cast", ["winner"], ["labels"], to=TensorProto.UINT8),
    ]  # fmt: skip
    return Graphs(
        {"shares": (SIDE, SIDE, 3)},
        model,
        {"sharpness": np.array(4, np.float32)},
        {"labels": ("height", "width"), "confidence": ("height", "width")},
        finish,
        {"classes": ints(3), "last": ints(2)},
    )


def image(classes: int) -> Graphs:
    """The image with red and blue in each other's place."""
    finish = [
        node("Cast", ["size"], ["sides"], to=TensorProto.INT64),
        node("Slice", ["model_image", "corner", "sides", "axes"], ["shown"]),
        node("Mul", ["shown", "white"], ["levels"]),
        node("Round", ["levels"], ["whole"]),
        node("Cast", ["whole"], ["image"], to=TensorProto.UINT8),
    ]
    return Graphs(
        {"image": (SIDE, SIDE, 3)},
        [node("Gather", ["batch", "swapped"], ["image"], axis=3)],
        {"swapped": ints(2, 1, 0)},
        {"image": ("height", "width", 3)},
        finish,
        {"corner": ints(0, 0), "axes": ints(0, 1), "white": np.array(255, np.float32)},
    )


KINDS = {
    "classification": classification, "detection": detection, "instances": instances, "segmentation": segmentation,
    "image": image,
}  # fmt: skip
