"""Figures as they are saved, to ask what is on them."""

from typing import Any

import pytest
from matplotlib.figure import Figure


def saved_figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved from here on; they are written all the same."""
    figures: list[Figure] = []
    save = Figure.savefig

    def noted(self: Figure, *given: Any, **options: Any) -> None:
        figures.append(self)
        save(self, *given, **options)

    monkeypatch.setattr(Figure, "savefig", noted)
    return figures
