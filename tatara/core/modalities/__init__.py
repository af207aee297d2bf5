"""What an example is, by modality: how its file is decoded, measured, held to the contract's bounds and shown.

Every module here has ``DECODER`` (the version of its meaning), ``EXTENSIONS`` (of files), ``MEDIA`` (of content types)
and ``NOUN`` (what people call several); ``INPUT``, ``SHAPE`` and ``DTYPE`` of the array that ``prepare.onnx`` takes;
``Facts``, the measurements that rules are written on; ``decoded`` (bytes to that array), ``admitted`` (the same, held
to bounds) and ``resized`` (the array larger or smaller, for proofs); and for people ``shown`` (bytes to a picture) and
``pictured`` (the array to one).
"""

import importlib
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODALITIES = ("image", "audio")


def modality_module(modality: str) -> Any:
    """The module of one modality."""
    return importlib.import_module(f"{__name__}.{modality}")


def modality_of(name: str | PurePath) -> str:
    """The modality whose files end like ``name``; ``image`` where none does."""
    ending = PurePath(name).suffix.lower()
    return next((one for one in MODALITIES if ending in modality_module(one).EXTENSIONS), MODALITIES[0])


def shown(name: str | PurePath, content: bytes) -> NDArray[np.uint8]:
    """The file ``name`` as a picture for people, ``uint8 (height, width, 3)``.

    Raises:
        DecodeError: it cannot be read.
    """
    found: NDArray[np.uint8] = modality_module(modality_of(name)).shown(content)
    return found
