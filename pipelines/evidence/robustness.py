"""What small corruptions cost a challenger and a champion, on a sample of the test split, through the graphs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.evidence.corruptions import BY_MODALITY, corrupt
from pipelines.evidence.model import Model
from pipelines.evidence.resampling import Floats, Sampled, apart, weightings, widened
from pipelines.examples import Example
from pipelines.metrics.judged import Judged
from registry.evidence import Figure

if TYPE_CHECKING:
    import pandas

SAMPLE = 200
"""Examples of the test split that are corrupted, or all where there are fewer."""
Pairing = Callable[["pandas.DataFrame", "pandas.DataFrame | None"], tuple[Judged, Judged | None]]
"""Predictions of the challenger and the champion -> both judged on the examples that both have."""


def sample(examples: Sequence[Example], seed: int) -> list[Example]:
    """At most `SAMPLE` of the examples, each content once, in their order."""
    distinct = list({example.digest: example for example in examples}.values())
    chosen = np.random.default_rng(seed).permutation(len(distinct))[:SAMPLE]
    return [distinct[at] for at in sorted(chosen)]


def robustness(
    challenger: Model, champion: Model | None, examples: Sequence[Example], pairing: Pairing, seed: int
) -> tuple[Figure, ...]:
    """By corruption, how much the primary metric changes against the clean images; below 0 it falls.

    Args:
        challenger, champion: with their predictions on the clean images.
        examples: to corrupt, see `sample`.
        pairing: of the kind.
        seed: of the corruptions and the resamples.
    """
    digests = {example.digest for example in examples}
    models = [one for one in (challenger, champion) if one is not None]
    clean = _judged(pairing, [one.predictions[one.predictions["digest"].isin(digests)] for one in models])
    weights = weightings(len(clean[0].digests), seed)
    found = []
    for name in BY_MODALITY[challenger.runtime.contract.modality]:
        change = partial(_changed, name, seed)
        changed = _judged(pairing, [one.asked(examples, f"check: {name}:", change) for one in models])
        found.append(_figure(name, clean, changed, weights))
    return tuple(found)


def _changed(name: str, seed: int, example: Example, decoded: NDArray[Any]) -> NDArray[Any]:
    return corrupt(name, decoded, example.path, seed)


def _judged(pairing: Pairing, tables: "Sequence[pandas.DataFrame]") -> list[Judged]:
    challenger, champion = pairing(tables[0], tables[1] if len(tables) > 1 else None)
    return [challenger] if champion is None else [challenger, champion]


def _figure(name: str, clean: Sequence[Judged], changed: Sequence[Judged], weights: Floats) -> Figure:
    primary, decisions = next(iter(clean[0].metrics)), int(clean[0].decisions.sum())
    falls: list[Sampled] = [
        apart(after.metrics[primary], before.metrics[primary], weights)
        for before, after in zip(clean, changed, strict=True)
    ]
    intervals = [widened(one.interval(-1.0, 1.0), decisions) for one in falls]
    if len(falls) == 1:
        return Figure(name=name, higher_is_better=True, challenger=intervals[0], champion=None, difference=None)
    level = apart(changed[0].metrics[primary], changed[1].metrics[primary], weights)
    apart_falls, apart_levels = (widened(one.interval(-1.0, 1.0), decisions) for one in (falls[0] - falls[1], level))
    return Figure(
        name=name, higher_is_better=True, challenger=intervals[0], champion=intervals[1],
        difference=apart_falls, level=apart_levels,
    )  # fmt: skip
