"""What an example is, by modality: how its file is decoded, measured, held to the contract's bounds and shown.

Every module here has ``DECODER`` (the version of its meaning), ``EXTENSIONS`` (of files) and ``MEDIA`` (of content
types); ``INPUT``, ``SHAPE`` and ``DTYPE`` of the array that ``prepare.onnx`` takes; ``Facts``, the measurements that
rules are written on; ``decoded`` (bytes to that array), ``admitted`` (the same, held to bounds) and ``resized`` (the
array larger or smaller, for proofs); and for people ``shown`` (bytes to a picture) and ``pictured`` (the array to one).
"""

import importlib
from typing import Any


def modality_module(modality: str) -> Any:
    """The module of one modality."""
    return importlib.import_module(f"{__name__}.{modality}")
