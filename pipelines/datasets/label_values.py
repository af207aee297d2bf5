"""The values of label masks: reading them, and which class each of them is."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.datasets.legend import FILES, Legend
from pipelines.truth import IGNORE
from tatara.core.errors import UsageError

MOST_UNNAMED = 64
"""Values that are taken for classes without being told so."""
LEVELS = (0, 255)
"""Of masks of two classes as picture editors write them."""


def read_values(path: Path, legend: Legend | None = None) -> NDArray[np.uint8]:
    """The values ``uint8 (height, width)`` of a label mask: indices of a palette, or grey levels.

    By a legend they become positions of classes, and `IGNORE`; one of colours leaves masks without colours as they are.

    Raises:
        ValueError: it cannot be read, has values above 255, or colours or values that the legend does not name.
    """
    try:
        with Image.open(path) as image:
            image.load()
            values = np.asarray(image)
    except Exception as error:  # Pillow's plugins raise OSError, SyntaxError, struct.error, ... on damaged files
        raise ValueError(f"its mask {path} cannot be read ({' '.join(str(error).split())})") from None
    if legend is not None and legend.colours == (values.ndim == 3 and values.shape[2] > 2):
        try:
            return legend.apply(values)
        except ValueError as error:
            raise ValueError(f"its mask {path} has {error}") from None
    if values.ndim == 3:
        levels = values[..., : 3 if values.shape[2] > 2 else 1]
        if (levels != levels[..., :1]).any():
            raise ValueError(
                f"its mask {path} is in colours; put a {FILES[0]} beside the folders, a line name,red,green,blue for "
                "each class, or save the mask with a palette"
            )
        values = levels[..., 0]
    if values.dtype != bool and (values.min() < 0 or values.max() > 255):
        raise ValueError(f"its mask {path} has values up to {values.max()}; a class is a number from 0 to 254")
    return values.astype(np.uint8)


def classes_and_table(
    present: Collection[int], names: Sequence[str] | None, ignore: int | None
) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """The classes, and for each value of the source's masks (256,) the class's position, or `IGNORE`.

    With names a value is the position of its name; one beyond the names stays as it is, for validation to find. As
    many names as values that are no positions, but for 0, name them in rising order, so that 0 and 255 can be two
    classes. Without names, each value that occurs is a class. 255 is left out unless 0 is the only other value.

    Raises:
        UsageError: no value is left, there are too many to be classes, or the names do not fit two levels.
    """
    two_levels = ignore != IGNORE and set(present) - {ignore} == set(LEVELS)
    left_out = {value for value in (ignore, None if two_levels else IGNORE) if value is not None}
    values = sorted(set(present) - left_out)
    if not values:
        raise UsageError("the masks hold nothing but values that are left out; check ignore=")
    if names is None and len(values) > MOST_UNNAMED:
        raise UsageError(
            f"the masks hold {len(values)} different values, as pictures do; if they are classes, name them with "
            "classes="
        )
    if names is not None and two_levels and len(names) != len(values):
        raise UsageError(f"the masks hold the values 0 and 255, which need two names; classes= has {len(names)}")
    table = np.arange(256, dtype=np.uint8)
    table[list(left_out)] = IGNORE
    if names is None or (len(names) == len(values) and sum(value < len(names) for value in values) < 2):
        table[values] = np.arange(len(values))
    return tuple(names) if names is not None else tuple(f"class {value}" for value in values), table
