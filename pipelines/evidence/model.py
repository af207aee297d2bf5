"""One of the two models that evidence is about: its graphs, its predictions on the test split, and what asks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.answering import Change, answered
from pipelines.examples import Example
from tatara.core.runtime import Runtime

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Model:
    """A challenger or a champion.

    Attributes:
        name: for people, such as ``digits/7``.
        converted: the folder of its graphs.
        predictions: on the test split, as its kind's evaluation makes them.
        kind: module ``pipelines.tasks.<kind>.evaluation``.
    """

    name: str
    converted: Path
    predictions: "pandas.DataFrame"
    kind: Any

    @cached_property
    def runtime(self) -> Runtime:
        """Its graphs, loaded once."""
        return Runtime(self.converted)

    def asked(self, examples: Sequence[Example], label: str, change: Change | None = None) -> "pandas.DataFrame":
        """Predictions on ``examples``, changed before they are asked."""
        records = answered(self.runtime, self.kind, examples, f"{label} {self.name}", change)
        found: pandas.DataFrame = self.kind.predictions(records, self.runtime.contract)
        return found
