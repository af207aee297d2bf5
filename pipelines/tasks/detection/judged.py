"""Answers of one detector, or of two to the same images, by their boxes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.metrics.judged import Judged
from pipelines.metrics.objects import judged as objects

if TYPE_CHECKING:
    import pandas


def judged(
    new: "pandas.DataFrame", old: "pandas.DataFrame | None", labels: Sequence[str],
    hierarchy: Mapping[str, Sequence[str]] | None,
) -> tuple[Judged, Judged | None]:  # fmt: skip
    """See `pipelines.metrics.objects.judged.judged`; a hierarchy makes no difference here."""
    return objects.judged(new, old, labels, by_mask=False)
