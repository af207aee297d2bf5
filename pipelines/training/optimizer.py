"""The optimizer that a run's parameters ask for, and its rate over the steps."""

import math
from typing import Any

import keras

from pipelines.parameters import Parameters

HEAD = "head"
"""How the names of a model's last layers begin; what is below them is the backbone."""


@keras.saving.register_keras_serializable("tatara")
class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate at each step: a linear warm-up to ``peak``, then what ``schedule`` says.

    ``constant``; ``cosine`` to zero; ``exponential`` to a hundredth; ``sweep`` from a ten-millionth up to the peak.
    """

    def __init__(self, peak: float, schedule: str, warmup_steps: int, steps: int) -> None:
        self.peak, self.schedule, self.warmup_steps, self.steps = peak, schedule, warmup_steps, steps

    def __call__(self, step: Any) -> Any:
        """The rate at ``step``, a scalar tensor or number."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        part = ops.clip((step - self.warmup_steps) / max(1, self.steps - self.warmup_steps), 0.0, 1.0)
        factor = {
            "constant": lambda: ops.ones_like(part),
            "cosine": lambda: 0.5 * (1 + ops.cos(math.pi * part)),
            "exponential": lambda: ops.exp(part * math.log(0.01)),
            "sweep": lambda: ops.exp((part - 1) * math.log(1e7)),
        }[self.schedule]()
        warm = ops.minimum(1.0, (step + 1) / max(1, self.warmup_steps))
        return self.peak * factor * warm

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            "peak": self.peak, "schedule": self.schedule, "warmup_steps": self.warmup_steps, "steps": self.steps,
        }  # fmt: skip


def build_optimizer(parameters: Parameters, rate: Rate) -> "keras.optimizers.Optimizer":
    """The parameters' optimizer, not yet bound to variables.

    Where given weights are trained on (``tune=all``), variables below the head move at ``unfrozen_rate`` of the rate.
    """
    bases = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }
    base = bases[parameters.optimizer]
    options: dict[str, Any] = {"weight_decay": parameters.weight_decay or None}
    options["momentum" if parameters.optimizer in ("sgd", "rmsprop") else "beta_1"] = parameters.momentum
    if parameters.optimizer == "adamw":
        options["weight_decay"] = parameters.weight_decay
    if parameters.weights != "none" and parameters.tune == "all" and parameters.unfrozen_rate != 1:
        base = _with_slow_backbone(base, parameters.unfrozen_rate)
    return base(learning_rate=rate, **options)


def _with_slow_backbone(base: Any, factor: float) -> Any:
    """``base`` with its rate times ``factor`` for variables below the head.

    Scaling gradients would not do: Adam and its kin divide the scale out again.
    """

    class SlowBackbone(base):
        def build(self, variables: list[Any]) -> None:
            super().build(variables)
            self._factors = [1.0 if variable.path.startswith(HEAD) else factor for variable in variables]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = learning_rate * self._factors[self._get_variable_index(variable)]
            if self.weight_decay:
                self.assign_sub(variable, variable * keras.ops.cast(self.weight_decay * rate, variable.dtype))
            super().update_step(gradient, variable, rate)

        def _apply_weight_decay(self, variables: list[Any]) -> None:
            """`update_step` does it, at each variable's own rate."""

    SlowBackbone.__name__ = base.__name__
    return SlowBackbone
