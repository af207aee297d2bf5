"""What a model answers, by kind: the options of a request, the typed answer, its picture, and how two answers compare.

Every module here has ``Options``, ``Answer``, ``answer``, ``overlay``, ``line``, ``differences``, ``TOLERANCES`` (of an
export against TensorFlow on one machine) and ``GOLDEN_TOLERANCES`` (on another machine), and says which two of these
names are ``SCORE``, how sure, and ``DECISION``, what. Of each difference the largest counts, of those in ``ON_AVERAGE``
the mean over the inputs. Those whose answer lies in the image's own pixels have
``finished``, which finishes it within bounds of memory, and ``merge``, which makes one of overlapping tiles.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tatara.core.contract import Finished

Finish = Callable[[Finished], Finished]
"""One example's outputs, without the batch axis -> its finished answer."""


def kind_module(kind: str) -> Any:
    """The module of one kind."""
    return importlib.import_module(f"{__name__}.{kind}")


def furthest(kind: Any, apart: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What is held to the tolerances, of the differences of each input: the largest, or the mean (see above)."""
    names = apart[0] if apart else ()
    return {
        name: float((np.mean if name in kind.ON_AVERAGE else np.max)([one[name] for one in apart])) for name in names
    }


def beyond(
    kind: Any, tolerances: Mapping[str, float], apart: Sequence[Mapping[str, float]]
) -> list[tuple[int, str, float]]:
    """Position, name and value of the differences over their tolerance, the worst first; NaN is over any."""
    over = [name for name, value in furthest(kind, apart).items() if not value <= tolerances[name]]
    least = {name: 0.0 if name in kind.ON_AVERAGE else tolerances[name] for name in over}
    found = [(i, name, one[name]) for i, one in enumerate(apart) for name in over if not one[name] <= least[name]]
    return sorted(found, key=lambda row: -np.nan_to_num(row[2], nan=np.inf))
