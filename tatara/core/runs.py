"""COCO's compressed run lengths of a mask, read and written within the part of the image that is set.

The format is that of `pycocotools.mask`, which works on whole images: runs of 0 and 1 in turn, down the columns.
"""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Corner = tuple[int, int]
"""Top and left."""


def written(part: Bits, corner: Corner, size: tuple[int, int]) -> str:
    """The run lengths of ``part``, 0 and 1, at its place in an image of ``size`` (height, width) of 0 elsewhere."""
    from pycocotools import mask as coco

    padded = np.zeros((part.shape[1], part.shape[0] + 2), np.uint8)
    padded[:, 1:-1] = part.T
    column, row = np.nonzero(padded[:, 1:] != padded[:, :-1])
    turns = np.zeros(len(column) + 2, np.int64)
    turns[1:-1] = (corner[1] + column) * size[0] + corner[0] + row
    turns[-1] = size[0] * size[1]
    counts = turns[1:] - turns[:-1]
    if (counts[1:] == 0).any():  # a run goes on from the foot of a column, or up to the image's end
        turns = turns[1:-1][_single(turns[1:-1])]
        counts = np.diff(turns[turns < size[0] * size[1]], prepend=0, append=size[0] * size[1])
    found: bytes = coco.frPyObjects({"size": list(size), "counts": counts.tolist()}, *size)["counts"]
    return found.decode()


def _single(turns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the ascending values stand there once."""
    steps = np.diff(turns, prepend=-1, append=-1) != 0
    found: NDArray[np.bool_] = steps[1:] & steps[:-1]
    return found


def read(counts: str, size: tuple[int, int]) -> tuple[Bits, Corner]:
    """The smallest part of the mask around what is set, and its corner; an empty part where nothing is."""
    height = size[0]
    edges = np.cumsum(_counts(counts))
    starts, ends = edges[: len(edges) // 2 * 2].reshape(-1, 2).T
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        return np.zeros((0, 0), np.uint8), (0, 0)
    left, right = int(starts[0]) // height, int(ends[-1] - 1) // height + 1
    turns = np.zeros((right - left) * height + 1, np.int8)
    turns[starts - left * height] += 1
    turns[ends - left * height] -= 1
    columns = np.cumsum(turns[:-1], dtype=np.int8).view(np.uint8).reshape(right - left, height)
    over = bool((starts // height != (ends - 1) // height).any())
    top, bottom = (0, height) if over else (int((starts % height).min()), int(((ends - 1) % height).max()) + 1)
    return np.ascontiguousarray(columns[:, top:bottom].T), (top, left)


def _counts(text: str) -> NDArray[np.int64]:
    """The lengths: groups of five bits, the lowest first, each from the fourth on as the gain over the last but one."""
    bits = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - 48
    ends = np.nonzero((bits & 32) == 0)[0]
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    place = np.arange(len(bits)) - np.repeat(starts, ends + 1 - starts)
    values = np.add.reduceat((bits & 31) << (5 * place), starts)
    values -= ((bits[ends] & 16) << 1) << (5 * place[ends])
    for chain in (values[1::2], values[2::2]):
        np.cumsum(chain, out=chain)
    return values
