"""A training's parts put together: examples, plan, model and rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.examples import Example
from pipelines.nn.prepare import preparation_of
from pipelines.parameters import Parameters, task_module, tiling_of
from pipelines.training import health, rate_finder, setup
from pipelines.training.cache import Prepared, prepared
from pipelines.training.input import Plan, training_data
from pipelines.training.loop import Examples
from pipelines.training.optimizer import Rate, build_optimizer
from pipelines.training.weights import Transfer, initialize

if TYPE_CHECKING:
    import keras


LOOKED_AT = 64
"""Valid examples whose answers are looked at for symptoms; one may be a large image's class for every pixel."""


@dataclass(frozen=True)
class Split:
    """One split's prepared images and the targets of the kind."""

    prepared: Prepared
    targets: Any

    def examples(self) -> Examples:
        """As the training loop takes them."""
        import tensorflow as tf

        return Examples(self.prepared.tensor(), tf.nest.map_structure(tf.constant, self.targets))


@dataclass(frozen=True)
class Job:
    """What is to be trained on what."""

    parameters: Parameters
    classes: tuple[str, ...]
    train: Split
    valid: Split

    @property
    def task(self) -> Any:
        """The module of the kind."""
        return task_module(self.parameters.kind)

    @property
    def plan(self) -> Plan:
        """Of the steps."""
        parameters = self.parameters
        examples, epochs = self.train.prepared.shape[0], 0 if parameters.tune == "none" else parameters.epochs
        return Plan(examples, parameters.batch_size, epochs, parameters.seed)

    def model(self, rate: Rate) -> tuple["keras.Model", Transfer | None]:
        """The compiled model with its first weights, the same at every call, and where they came from."""
        import keras

        parameters, task = self.parameters, self.task
        keras.utils.set_random_seed(parameters.seed)
        with setup.precision(parameters):
            model = task.build(parameters, len(self.classes))
            transfer = initialize(model, parameters)
            model.compile(
                optimizer=build_optimizer(parameters, rate),
                loss=task.loss(parameters, self.train.targets, len(self.classes)),
                metrics=task.metrics(len(self.classes))
                or None,  # of an empty list Keras asks that targets match outputs
                jit_compile=parameters.xla,
            )
        return model, transfer

    def rate(self, peak: float) -> Rate:
        """The parameters' schedule up to ``peak``."""
        warmup = round(self.parameters.warmup_epochs * self.plan.steps_per_epoch)
        return Rate(peak, self.parameters.schedule, warmup, self.plan.steps)

    def sweep(self) -> rate_finder.Sweep:
        """A range test on a model of its own."""
        steps = rate_finder.STEPS
        model, _ = self.model(rate_finder.sweep_rate(steps))
        train, plan = self.train.examples(), self.plan
        enough = Plan(plan.examples, plan.batch_size, -(-steps // plan.steps_per_epoch), plan.seed)
        data = training_data(train.images, train.targets, enough, 0, self.task.augmentation(self.parameters))
        return rate_finder.find_rate(model, data, steps)

    def warnings(self, model: "keras.Model", history: Sequence[dict[str, float]]) -> list[str]:
        """What suggests that the model did not learn."""
        import tensorflow as tf

        from pipelines.training.input import validation_data

        train, valid = self.train.examples(), self.valid.prepared.array()
        ((images, targets),) = validation_data(train.images, train.targets, self.plan.batch).take(1)
        looked_at = np.linspace(0, len(valid) - 1, min(len(valid), LOOKED_AT)).astype(int)
        outputs = model.predict(valid[looked_at], batch_size=self.plan.batch, verbose=0)
        truths = tf.nest.map_structure(lambda each: each[looked_at], self.valid.targets)
        chance = self.task.chance_loss(len(self.classes))
        found = [
            health.flat_loss(history, chance),
            None if model.loss is None else health.vanishing_gradients(model, images, targets, chance),
            *self.task.symptoms(outputs, truths, self.classes),
        ]
        return [warning for warning in found if warning is not None]


def load_job(parameters: Parameters, classes: Sequence[str], train: Sequence[Example], valid: Sequence[Example]) -> Job:
    """A job on prepared examples, from the cache or made now."""
    task = task_module(parameters.kind)

    def split(name: str, examples: Sequence[Example]) -> Split:
        cut = [window for example in examples for window in example.windows(tiling_of(parameters))]
        images = prepared(cut, preparation_of(parameters), f"prepare {name}")
        return Split(images, task.targets(cut, classes, parameters))

    return Job(parameters, tuple(classes), split("train", train), split("valid", valid))
