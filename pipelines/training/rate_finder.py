"""The learning rate range test of Smith 2017 (arXiv:1506.01186): raise the rate at every step and watch the loss."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from pipelines.training.optimizer import Rate
from tatara.core.errors import TataraError

if TYPE_CHECKING:
    import tensorflow as tf

HIGHEST = 1.0
STEPS = 120
_GIVE_UP = 4.0
_MEMORY = 0.9


@dataclass(frozen=True)
class Sweep:
    """What a range test saw: ``rates`` and ``losses`` (smoothed) float64 (steps,), and the rate it suggests."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    suggested: float


def sweep_rate(steps: int = STEPS) -> Rate:
    """The rate that rises from a ten-millionth of `HIGHEST` to `HIGHEST` in ``steps`` steps."""
    return Rate(HIGHEST, "sweep", 0, steps)


def find_rate(model: "keras.Model", data: "tf.data.Dataset", steps: int = STEPS) -> Sweep:
    """Train ``model``, which is spoilt by it, on ``data`` with `sweep_rate` and suggest a rate.

    Args:
        model: compiled with an optimizer whose rate is `sweep_rate`.
        data: at least ``steps`` batches.
        steps: of the sweep; it ends early where the loss has grown fourfold.
    """
    watch = _Watch(steps)
    model.fit(data, steps_per_epoch=steps, epochs=1, callbacks=[watch], shuffle=False, verbose=0)
    rate = sweep_rate(steps)
    return suggest(np.array([float(rate(step)) for step in range(len(watch.losses))]), np.array(watch.losses))


def suggest(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> Sweep:
    """A tenth of the rate at which the smoothed loss is lowest: still falling there, and far from where it breaks.

    Raises:
        TataraError: the loss never fell.
    """
    smooth = _smoothed(losses)
    lowest = int(np.nanargmin(smooth))
    if lowest == 0:
        raise TataraError("find_rate: the loss rises at every rate; check labels and preparation, or set learning_rate")
    return Sweep(rates, smooth, float(rates[lowest] / 10))


def _smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponential moving average without the start's bias."""
    average, found = 0.0, []
    for position, loss in enumerate(losses, 1):
        average = _MEMORY * average + (1 - _MEMORY) * loss
        found.append(average / (1 - _MEMORY**position))
    return np.array(found)


class _Watch(keras.callbacks.Callback):
    """Collects each batch's own loss, and stops when it is not finite or far above the lowest."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.reset_metrics()  # else the loss would be the mean since the start

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float(logs["loss"])
        if np.isfinite(loss):
            self.losses.append(loss)
        if not np.isfinite(loss) or (len(self.losses) > self.steps // 10 and loss > _GIVE_UP * min(self.losses)):
            self.model.stop_training = True
