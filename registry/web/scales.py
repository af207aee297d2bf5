"""Where a figure lies on a strip: every picture of figures is HTML and SVG in percent of its width, so that words keep
their size on every screen."""

import math
from dataclasses import dataclass

from tatara.core.statistics import Interval


@dataclass(frozen=True)
class Scale:
    """A line from ``low`` to ``high``, with a little air at both ends."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where ``value`` lies, in percent; at an end where it is beyond."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def ticks(self, most: int = 5) -> list[float]:
        """Round numbers on the line."""
        step = _step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(step * place, 12) + 0.0 for place in range(first, last + 1)]


@dataclass(frozen=True)
class Mark:
    """An estimate with its interval on a strip, in percent of its width; ``low`` and ``high`` are None without one."""

    at: float
    low: float | None = None
    high: float | None = None


def scale(values: list[float], least: float | None = None, most: float | None = None, air: float = 0.06) -> Scale:
    """A scale that shows all of ``values``.

    Args:
        values: to be shown; those that are no numbers are passed over.
        least, most: beyond which nothing lies, as 0 and 1 for shares.
        air: beyond the values, as a part of their range.
    """
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        low, high = low - max(abs(low), 1e-3) / 10, high + max(abs(high), 1e-3) / 10
    room = (high - low) * air
    low, high = low - room, high + room
    return Scale(low if least is None else max(low, least - room), high if most is None else min(high, most + room))


def mark(on: Scale, value: float | Interval) -> Mark:
    """A figure on a scale."""
    if isinstance(value, Interval):
        return Mark(on.at(value.value), on.at(value.low), on.at(value.high))
    return Mark(on.at(value))


def _step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not below ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
