"""A profile finds what was planted in a training, and counts what can be counted by hand."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from pipelines.profiling import graph
from pipelines.profiling.profile import Profile
from pipelines.profiling.run import profile
from pipelines.profiling.text import told
from pipelines.tasks.classification import task
from pipelines.tasks.classification.models import small_cnn
from tatara.core.errors import UsageError
from tests.tiny import make_tiny

STEPS = 6
GIVEN = {"data": "tiny", "model": "small_cnn", "size": 32, "width": 8, "batch_size": 8}


@pytest.fixture(scope="module")
def tiny(module_project: Path) -> Path:
    make_tiny(module_project)
    return module_project


@pytest.fixture(scope="module")
def plain(tiny: Path) -> Profile:
    return profile("classification", GIVEN, STEPS)


def _found(profiled: Profile, words: str) -> list[str]:
    return [finding for finding in profiled.findings if words in finding]


def test_nothing_is_found_where_nothing_was_planted(plain: Profile) -> None:
    assert _found(plain, "input pipeline") == _found(plain, "oversized") == []


def test_the_shares_are_of_the_whole_step(plain: Profile) -> None:
    assert plain.shares.keys() == {"input", "forward", "backward", "update", "host"}
    assert sum(plain.shares.values()) == pytest.approx(1)
    assert min(plain.shares.values()) >= 0
    assert plain.shares["backward"] > plain.shares["update"]
    assert plain.steps == STEPS


def test_arithmetic_layers_and_memory_are_those_of_the_model(plain: Profile) -> None:
    first, second = plain.layers[:2]
    assert [(layer.name, layer.shape) for layer in plain.layers[:3]] == [
        ("conv2d", (32, 32, 8)), ("conv2d_1", (32, 32, 8)), ("conv2d_2", (16, 16, 16))
    ]  # fmt: skip
    once = 2 * 8 * 32 * 32 * 9 * 8  # a batch of 8, 3 x 3 kernels, 8 filters, by input channel
    assert first.gflops * 1e9 == pytest.approx(2 * once * 3)  # no gradient of the images is wanted
    assert second.gflops * 1e9 == pytest.approx(3 * once * 8)
    assert sum(layer.gflops for layer in plain.layers) <= plain.gflops * 1.0001
    convolutions = 9 * (3 * 8 + 8 * 8 + 8 * 16 + 16 * 16 + 16 * 32 + 32 * 32)
    norms, head = 2 * 4 * (8 + 16 + 32), 32 * 3 + 3
    assert plain.weights >= 4 * (convolutions + norms + head)
    assert plain.weights < 4 * (convolutions + norms + head) + 64  # and the state of a seed generator
    assert plain.optimizer > 1.9 * 4 * (convolutions + head)
    assert plain.kept > 4 * 8 * 32 * 32 * 8 * 2
    assert plain.floor_ms == pytest.approx(1000 * plain.gflops / plain.gflops_per_second)


def test_the_dearest_operations_come_first_and_are_the_steps(plain: Profile) -> None:
    milliseconds = [one.milliseconds for one in plain.operations]
    assert milliseconds == sorted(milliseconds, reverse=True)
    assert len(milliseconds) == 10
    assert any("Conv2D" in one.kind for one in plain.operations)


def test_picture_trace_and_words_are_left(plain: Profile) -> None:
    assert (plain.folder / "profile.png").stat().st_size > 10_000
    assert (plain.folder / "trace.json.gz").stat().st_size > 1000
    assert list(plain.folder.rglob("*.xplane.pb"))
    assert Profile.model_validate_json((plain.folder / "profile.json").read_text()) == plain
    assert str(plain.folder / "trace.json.gz") in told(plain)
    assert "not fused" in told(plain)


def test_a_slow_input_pipeline_is_found(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(images: Any) -> Any:
        time.sleep(0.2)
        return images

    def augment(images: Any, targets: Any, step: Any) -> tuple[Any, Any]:
        return tf.ensure_shape(tf.numpy_function(wait, [images], tf.float32), images.shape), targets

    monkeypatch.setattr(task, "augmentation", lambda parameters: augment)
    found = profile("classification", GIVEN, STEPS)
    (finding,) = _found(found, "the input pipeline is slow")
    assert "augmentation takes" in finding
    assert found.findings[0] == finding
    assert found.shares["input"] == max(found.shares.values())


def test_an_oversized_shallow_layer_is_found(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(parameters: Any, classes: int) -> keras.Model:
        x = inputs = keras.Input((parameters.size, parameters.size, 3))
        x = keras.layers.Conv2D(8, 3, padding="same", name="stem")(x)
        x = keras.layers.Conv2D(192, 7, padding="same", activation="relu", name="wide")(x)
        x = keras.layers.MaxPooling2D(4)(x)
        for _ in range(3):
            x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, keras.layers.Dense(classes, name="head")(x))

    monkeypatch.setattr(small_cnn, "build", build)
    found = profile("classification", GIVEN, STEPS)
    (finding,) = _found(found, "oversized")
    assert finding.startswith("wide is oversized: layer 2 of 6")
    assert "32 x 32 x 192" in finding


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: keras.layers.BatchNormalization(), "not fused"),
        (lambda: keras.layers.LayerNormalization(), "none"),
        (
            lambda: keras.layers.Lambda(lambda x: tf.raw_ops.FusedBatchNormV3(
                x=x, scale=tf.ones(3), offset=tf.zeros(3), mean=[], variance=[], is_training=True).y),
            "fused",
        ),
    ],
)  # fmt: skip
def test_normalization_is_told_from_the_graph(layer: Callable[[], keras.layers.Layer], expected: str) -> None:
    inputs = keras.Input((4, 4, 3))
    outputs = keras.layers.Dense(1)(keras.layers.Flatten()(layer()(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    model.optimizer.build(model.trainable_variables)
    step = tf.function(lambda x, y: model.train_step((x, y)), autograph=False)
    concrete = step.get_concrete_function(tf.zeros((2, 4, 4, 3)), tf.zeros((2, 1)))
    assert graph.read(concrete, model).normalization == expected


def test_a_kind_that_is_not_there_is_named_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match="classification"):
        profile("classifcation", {"model": "small_cnn"}, STEPS)
