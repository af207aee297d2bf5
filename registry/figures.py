"""How a gate's line writes figures: differences of shares in points of a hundred, everything else in its own unit."""

from tatara.core.statistics import Interval


def points(gap: Interval) -> str:
    """A difference of shares with its interval: ``+1.10 points [-0.50, +2.70]``."""
    value, low, high = (f"{100 * end:+.2f}" for end in (gap.value, gap.low, gap.high))
    return f"{value} points [{low}, {high}]"


def as_points(margin: float) -> str:
    """What may be lost of a share: ``2`` for 0.02."""
    return f"{100 * margin:g}"


def signed(gap: Interval) -> str:
    """A difference of what is no share of right answers, such as a calibration error."""
    return f"{gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"


def plain(margin: float) -> str:
    """What may be lost of that."""
    return f"{margin:g}"


def level(figure: Interval) -> str:
    """A value with its interval."""
    return f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]"


def times(ratio: Interval) -> str:
    """A ratio with its interval."""
    return f"{ratio.value:.2f}× [{ratio.low:.2f}, {ratio.high:.2f}]"
