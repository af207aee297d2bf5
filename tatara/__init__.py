"""Tatara: versioned data in, a served and traceable model out.

In a notebook, the verbs of the command line under their own names:

>>> import tatara
>>> run = tatara.train("classification", data="digits", model="small_cnn", epochs=5)  # doctest: +SKIP
>>> tatara.evaluate(run)  # doctest: +SKIP
>>> tatara.predict(run, "photo.jpg")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tatara.notebook import compare as compare
    from tatara.notebook import evaluate as evaluate
    from tatara.notebook import predict as predict
    from tatara.notebook import review as review
    from tatara.notebook import train as train

__version__ = "0.1.0"
_VERBS = ("compare", "evaluate", "predict", "review", "train")
__all__ = ("__version__", "compare", "evaluate", "predict", "review", "train")


def __getattr__(name: str) -> Any:
    """The verbs, imported when they are first asked for: a service is a part of this package too."""
    if name not in _VERBS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("tatara.notebook"), name)


def __dir__() -> list[str]:
    """What a notebook completes."""
    return sorted(__all__)
