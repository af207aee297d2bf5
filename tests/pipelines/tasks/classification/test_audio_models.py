"""The networks that listen: WaveNet's receptive field by formula and by gradient, its layers by hand, and sizes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipelines.catalogue import show_model
from pipelines.parameters import resolve
from pipelines.tasks.classification.models import wavenet
from tatara.core.errors import UsageError


def parameters(model: str = "wavenet", **given: object) -> wavenet.Parameters:
    return resolve("classification", {"data": "none", "model": model, **given})  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("depth", "stacks", "field"), [(1, 1, 3), (4, 1, 17), (4, 2, 32), (10, 1, 1025), (10, 3, 3071)]
)
def test_the_receptive_field_by_its_formula(depth: int, stacks: int, field: int) -> None:
    # the first convolution adds 1 to the single sample, a stack of n layers 2^n - 1
    assert wavenet.receptive_field(parameters(depth=depth, stacks=stacks)) == field == 2 + stacks * (2**depth - 1)


@pytest.mark.parametrize(("depth", "stacks"), [(3, 1), (4, 2)])
def test_the_receptive_field_by_the_gradient(depth: int, stacks: int) -> None:
    """Codes have no gradient, so the vectors that they stand for are asked."""
    p = parameters(depth=depth, stacks=stacks, length=256, channels=8, skip=8, pool=16)
    inputs = keras.Input((p.length, 1))
    model = keras.Model(inputs, wavenet.trunk(inputs, p))
    embedded = keras.Model(inputs, model.get_layer("embedded").output)
    after = keras.Model(model.get_layer("embedded").output, model.output)
    vectors = embedded(np.random.default_rng(0).uniform(-1, 1, (1, 256, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        at = tf.reduce_sum(after(vectors)[0, 200])
    reached = np.flatnonzero(np.abs(tape.gradient(at, vectors)[0]).sum(axis=-1))
    assert (reached[0], reached[-1]) == (200 - wavenet.receptive_field(p) + 1, 200)  # and nothing of the future


def test_a_gated_layer_by_hand() -> None:
    p = parameters(depth=1, stacks=1, channels=4, skip=4, length=64, pool=16)
    model = keras.Model(inputs := keras.Input((64, 1)), wavenet.trunk(inputs, p))
    sound = np.random.default_rng(1).uniform(-1, 1, (1, 64, 1)).astype(np.float32)
    weights = {weight.path: np.asarray(weight) for weight in model.weights}

    def causal(x: np.ndarray, name: str) -> np.ndarray:
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        before = np.concatenate([np.zeros_like(x[:1]), x[:-1]])
        return before @ kernel[0] + x @ kernel[1] + bias

    codes = np.clip(((np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256) + 1) * 128).astype(int), 0, 255)
    x = causal(weights["embedded/embeddings"][codes[0, :, 0]], "first")
    both = causal(x, "layer_0_gates")
    z = np.tanh(both[:, :4]) / (1 + np.exp(-both[:, 4:]))
    expected = np.maximum(z @ weights["layer_0_skip/kernel"][0] + weights["layer_0_skip/bias"], 0)
    np.testing.assert_allclose(np.asarray(model(sound))[0], expected, atol=1e-5)


def test_parameters_by_hand() -> None:
    p = parameters(depth=10, stacks=1, channels=24, skip=48)
    count = wavenet.build(p, 10).count_params()
    layer = (2 * 24 * 48 + 48) + (24 * 24 + 24) + (24 * 48 + 48)
    frames = (3 * 48 * 96 + 4 * 96) + (3 * 96 * 96 + 4 * 96)
    last = 24 * 48 + 48 + 24 * 24 + 24 - (24 * 24 + 24)  # the last layer's residual path leads nowhere
    assert count == 256 * 24 + (2 * 24 * 24 + 24) + 9 * layer + (2 * 24 * 48 + 48) + last + frames + 96 * 10 + 10


def test_the_receptive_field_is_printed() -> None:
    card = show_model("wavenet", {"depth": "6", "channels": "8", "skip": "8", "length": "1024"})
    assert card.facts == {"receptive field": "65 samples, 8.125 ms"}
    assert (card.modality, card.size) == ("audio", 1024)


def test_frames_longer_than_the_sound_are_refused() -> None:
    with pytest.raises(UsageError, match="pool"):
        parameters(length=64, pool=80)


def test_a_spectrogram_of_a_sound_shorter_than_its_window_is_refused() -> None:
    with pytest.raises(UsageError, match="window"):
        parameters("logmel_cnn", length=128, window=256)
