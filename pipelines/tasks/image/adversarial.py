"""A generator that is trained against a critic, as one Keras model: Goodfellow 2014, arXiv:1406.2661; Isola 2017.

Its layers and its call are the generator's; the critic's variables, optimizer and losses are part of it, so that one
checkpoint holds both players.
"""

from typing import Any

import keras
import tensorflow as tf

from pipelines.tasks.image.learning import levels


class Adversarial(keras.Model):
    """A generator with the critic that judges its answers beside what they were made of.

    Attributes:
        critic: image and answer (batch, side, side, 6) -> logits (batch, patches, patches, 1) of being a true one.
        adversarial, reconstruction: weights of the critic's judgement and of the compiled loss in the generator's.
    """

    def __init__(
        self, inputs: Any, outputs: Any, critic: keras.Model, adversarial: float, reconstruction: float, name: str
    ) -> None:
        super().__init__(inputs, outputs, name=name)
        self.critic, self.adversarial, self.reconstruction = critic, adversarial, reconstruction
        parts = ("reconstruction_loss", "adversarial_loss", "critic_loss")
        self.parts = {part: keras.metrics.Mean(name=part) for part in parts}

    def compile(self, optimizer: keras.optimizers.Optimizer, **options: Any) -> None:
        """As Keras does; the critic has an optimizer of the same configuration."""
        super().compile(optimizer=optimizer, **options)
        self.critic_optimizer = type(optimizer).from_config(optimizer.get_config())

    @property
    def players(self) -> list[tuple[keras.optimizers.Optimizer, list[Any]]]:
        """Each player's optimizer and the variables that it moves."""
        own = self.critic.trainable_variables
        known = {id(variable) for variable in own}
        rest = [variable for variable in self.trainable_variables if id(variable) not in known]
        return [(self.optimizer, rest), (self.critic_optimizer, own)]

    def train_step(self, data: Any) -> dict[str, Any]:
        """A step of the critic, then one of the generator against it (section 3.3 of the paper of pix2pix)."""
        images, truth = data
        (optimizer, variables), (critic_optimizer, critic_variables) = self.players
        with tf.GradientTape() as tape:
            answers = self(images, training=True)
            with tf.GradientTape() as critic_tape:
                critic_loss = self._critic_loss(images, truth, tf.stop_gradient(answers), training=True)
            critic_optimizer.apply(critic_tape.gradient(critic_loss, critic_variables), critic_variables)
            loss, parts = self._generator_loss(images, truth, answers, training=True)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return self._measured(images, truth, answers, loss, parts | {"critic_loss": critic_loss})

    def test_step(self, data: Any) -> dict[str, Any]:
        """What both players' losses are on examples that neither learns from."""
        images, truth = data
        answers = self(images, training=False)
        loss, parts = self._generator_loss(images, truth, answers, training=False)
        critic_loss = self._critic_loss(images, truth, answers, training=False)
        return self._measured(images, truth, answers, loss, parts | {"critic_loss": critic_loss})

    def _critic_loss(self, images: Any, truth: Any, answers: Any, training: bool) -> Any:
        true, made = (self._judged(images, each, training) for each in (levels(truth), answers))
        return (_cross_entropy(True, true) + _cross_entropy(False, made)) / 2

    def _generator_loss(self, images: Any, truth: Any, answers: Any, training: bool) -> tuple[Any, dict[str, Any]]:
        reconstruction = self.compute_loss(images, truth, answers, training=training)
        adversarial = _cross_entropy(True, self._judged(images, answers, training))
        loss = self.reconstruction * reconstruction + self.adversarial * adversarial
        return loss, {"reconstruction_loss": reconstruction, "adversarial_loss": adversarial}

    def _judged(self, images: Any, answers: Any, training: bool) -> Any:
        return self.critic(tf.concat([images, 2 * answers - 1], axis=-1), training=training)

    def _measured(self, images: Any, truth: Any, answers: Any, loss: Any, parts: dict[str, Any]) -> dict[str, Any]:
        count = tf.shape(images)[0]
        for name, value in parts.items():
            self.parts[name].update_state(value, sample_weight=count)
        (total,) = [metric for metric in self.metrics if metric.name == "loss"]
        total.update_state(loss, sample_weight=count)
        found: dict[str, Any] = self.compute_metrics(images, truth, answers)
        return found


def _cross_entropy(true: bool, logits: Any) -> Any:
    targets = tf.ones_like(logits) if true else tf.zeros_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))
