"""A score of each class as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipelines.drawing import BLUE, PALE, legible, picture
from tatara.core.statistics import Interval

SHOWN = 40
"""Classes up to which all are drawn; of more, the worst."""


def draw_scores(
    path: Path, labels: Sequence[str], scores: Sequence[Mapping[str, Interval]], key: str, name: str
) -> None:
    """One score of each class that has it with its interval, the lowest at the top.

    Args:
        path: of the PNG file.
        labels: class names.
        scores: of each class, by name.
        key: of the score.
        name: of the score, for people.
    """
    there = [position for position, one in enumerate(scores) if key in one]
    order = sorted(there, key=lambda one: scores[one][key].value)[:SHOWN]
    names, shown = legible(labels), [scores[one][key] for one in order]
    with picture(path, 7.5, 1.4 + 0.34 * max(len(order), 2), labels) as figure:
        axis = figure.subplots()
        for place, one in enumerate(shown):
            axis.barh(place, one.value, 0.6, color=PALE)
            axis.plot([one.low, one.high], [place, place], color=BLUE, linewidth=1.2)
            axis.plot(one.value, place, "o", color=BLUE, markersize=3.5)
        axis.set_yticks(np.arange(len(order)), [names[one] for one in order])
        axis.set(ylim=(len(order) - 0.5, -0.5) if order else (0.5, -0.5), xlim=(0, 1.005))
        axis.set_xlabel(f"{name}, 95 % interval")
        axis.grid(axis="x")
        axis.set_title(f"the {SHOWN} classes of lowest {name}" if len(there) > SHOWN else f"{name} by class")
