"""The pictures of a training: curves, the rate, samples as the model sees them, the range test."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.drawing import BLUE, INK, RED, picture
from pipelines.training.rate_finder import Sweep
from pipelines.training.state import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves(path: Path, history: Sequence[Row], best_epoch: int) -> None:
    """Loss, metrics and rate by epoch; the epoch whose weights were kept is marked where it is not the last."""
    epochs = [row["epoch"] for row in history]
    panels = [name for name in history[0] if f"val_{name}" in history[0]]
    columns = min(3, len(panels) + 1)
    rows = -(-(len(panels) + 1) // columns)
    with picture(path, 4.2 * columns, 3.4 * rows) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes[len(panels) + 1 :]:
            axis.set_visible(False)
        for axis, name in zip(axes, panels, strict=False):
            for prefix, colour, label in (("", BLUE, "train"), ("val_", RED, "valid")):
                values = [row[prefix + name] for row in history]
                axis.plot(epochs, values, color=colour, label=f"{label}  {values[-1]:.3f}", marker=_marker(epochs))
            axis.set_title(name.replace("_", " "))
            axis.grid(visible=True)
            axis.legend()
            _epoch_axis(axis, epochs)
            if best_epoch:
                axis.axvline(best_epoch, color=INK, linewidth=0.8, linestyle=":")
        rate = axes[len(panels)]
        rate.plot(epochs, [row["learning_rate"] for row in history], color=INK, marker=_marker(epochs))
        rate.set_title("learning rate at the epoch's end")
        _epoch_axis(rate, epochs)


def _marker(epochs: Sequence[float]) -> str | None:
    return "o" if len(epochs) == 1 else None


def _epoch_axis(axis: "Axes", epochs: Sequence[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(epochs) > 1:
        axis.set_xlim(epochs[0], epochs[-1])


def range_test(path: Path, sweep: Sweep) -> None:
    """Smoothed loss against the rate, with the suggested rate."""
    with picture(path, 6, 3.6) as figure:
        axis = figure.subplots()
        axis.plot(sweep.rates, sweep.losses, color=BLUE)
        axis.axvline(sweep.suggested, color=RED, linewidth=1.2)
        axis.annotate(
            f"suggested {sweep.suggested:.2g}", (sweep.suggested, 0.96), xycoords=("data", "axes fraction"),
            xytext=(6, 0), textcoords="offset points", color=RED, va="top",
        )  # fmt: skip
        low, high = float(sweep.losses.min()), float(sweep.losses[0])
        axis.set(xscale="log", xlabel="learning rate", ylabel="loss (smoothed)", title="learning rate range test")
        axis.set_ylim(low - 0.1 * (high - low), high + 0.6 * (high - low))
