"""Label masks as PNG files that show their classes in colours: a pixel's value is its class's position."""

import io

import numpy as np
from numpy.typing import NDArray

from tatara.core import painting


def encode(labels: NDArray[np.uint8], classes: int) -> bytes:
    """The PNG of positions of classes ``uint8 (height, width)``; other values are grey."""
    from PIL import Image

    picture = Image.frombytes("P", (labels.shape[1], labels.shape[0]), np.ascontiguousarray(labels).tobytes())
    picture.putpalette(palette(classes).tobytes())
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def decode(content: bytes) -> NDArray[np.uint8]:
    """The values ``uint8 (height, width)`` of such a PNG."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
        return np.asarray(picture)


def palette(classes: int) -> NDArray[np.uint8]:
    """RGB of each value ``uint8 (256, 3)``."""
    colours = np.full((256, 3), 190, np.uint8)
    colours[:classes] = [painting.colour(position) for position in range(classes)]
    return colours
