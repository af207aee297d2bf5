"""What a model answers, by kind: the options of a request, the typed answer, its picture, and how two answers compare.

Every module here has ``Options``, ``Answer``, ``answer``, ``overlay``, ``line``, ``differences``, ``TOLERANCES`` (of an
export against TensorFlow on one machine) and ``GOLDEN_TOLERANCES`` (on another machine), and says which two of these
names are ``SCORE``, how sure, and ``DECISION``, what. Those whose answer lies in the image's own pixels have
``finished``, which finishes it within bounds of memory, and ``merge``, which makes one of overlapping tiles.
"""

import importlib
from collections.abc import Callable
from typing import Any

from tatara.core.contract import Finished

Finish = Callable[[Finished], Finished]
"""One example's outputs, without the batch axis -> its finished answer."""


def kind_module(kind: str) -> Any:
    """The module of one kind."""
    return importlib.import_module(f"{__name__}.{kind}")
