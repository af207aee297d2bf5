"""A profile as a picture: the step's shares, the dearest operations, and each layer's share of time."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.drawing import BLUE, INK, PALE, RED, picture
from pipelines.profiling.profile import OVERSIZED, WAITING, Profile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"input": RED, "forward": BLUE, "backward": "#6fa3bc", "update": "#b9d1dc", "host": "#9aa0a6"}
_LAYERS = 24


def draw(profile: Profile, path: Path) -> None:
    """Draw ``profile`` to the PNG ``path``."""
    layers = sorted(profile.layers, key=lambda layer: -layer.share)[:_LAYERS]
    shown = [layer for layer in profile.layers if layer in layers]
    rows = max(len(profile.operations), len(shown), 4)
    with picture(path, 13, 2.6 + 0.28 * rows) as figure:
        figure.suptitle(
            f"{profile.model} on {profile.data}: {profile.step_ms:.1f} ms a step of {profile.batch}; "
            f"its arithmetic alone {profile.floor_ms:.1f} ms",
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        grid = figure.add_gridspec(2, 2, height_ratios=(1, 0.45 * rows))
        _shares(figure.add_subplot(grid[0, :]), profile)
        _operations(figure.add_subplot(grid[1, 0]), profile)
        axis = figure.add_subplot(grid[1, 1])
        names = [f"{layer.name}  {' x '.join(map(str, layer.shape))}" for layer in shown]
        shares = [layer.share for layer in shown]
        _bars(axis, names, shares, [f"{share:.0%}" for share in shares], [s >= OVERSIZED for s in shares])
        axis.set_title("layers, first to last: share of the time")


def _shares(axis: "Axes", profile: Profile) -> None:
    left = 0.0
    for name, share in profile.shares.items():
        slow = name == "input" and share < WAITING
        axis.barh(0, share, left=left, color="#e3b5a4" if slow else COLOURS[name], edgecolor="white")
        if share > 0.05:
            dark = name in ("forward", "input", "host") and not slow
            axis.text(left + share / 2, 0, f"{name}\n{share:.0%}", ha="center", va="center", fontsize=9,
                      color="white" if dark else INK)  # fmt: skip
        left += share
    axis.set_xlim(0, 1)
    axis.set_axis_off()


def _operations(axis: "Axes", profile: Profile) -> None:
    names = [f"{one.kind.removeprefix('_MklNative')}  {_short(one.name)}" for one in profile.operations]
    values = [one.milliseconds for one in profile.operations]
    _bars(axis, names, values, [f"{value:.2f} ms" for value in values], [False] * len(values))
    axis.set_title("most expensive operations: processor time a step")


def _short(name: str) -> str:
    backward = name.startswith("gradient_tape/")
    parts = name.removeprefix("gradient_tape/").split("/")
    return ("backward of " if backward else "") + "/".join(parts[1:3] if len(parts) > 2 else parts)


def _bars(axis: "Axes", names: list[str], values: list[float], texts: list[str], marked: list[bool]) -> None:
    places = range(len(names))
    axis.barh(places, values, 0.62, color=[RED if mark else BLUE for mark in marked])
    axis.barh(places, [max(values, default=1.0) * 1.2] * len(names), 0.62, color=PALE, zorder=0, alpha=0.35)
    for place, value, text in zip(places, values, texts, strict=True):
        axis.annotate(text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8.5)
    axis.set_yticks(list(places), names, fontsize=8)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlim(0, max(values, default=1.0) * 1.2 or 1)
    axis.xaxis.set_visible(False)
    axis.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
