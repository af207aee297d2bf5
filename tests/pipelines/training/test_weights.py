"""Where a training starts from."""

import keras
import numpy as np
import pytest

from pipelines.parameters import resolve, task_module
from pipelines.stages import train
from pipelines.tasks.classification.task import build
from pipelines.training.weights import copy_matching, initialize
from pipelines.workspace import Workspace
from tatara.core.errors import TataraError, UsageError
from tatara.core.files import read_json

SMALL = {"data": "tiny", "size": 16, "width": 4, "epochs": 1, "batch_size": 12}


def parameters(**given):
    return resolve("classification", {**SMALL, **given})


def test_all_but_another_head_is_taken() -> None:
    source, target = build(parameters(seed=1), 10), build(parameters(seed=2), 5)
    fresh = np.asarray(target.get_layer("head").kernel)
    transfer = copy_matching(source, target, "x")
    assert transfer.unmatched == ("head/kernel (16, 5)", "head/bias (5,)")
    assert len(transfer.matched) == len(target.weights) - 2
    np.testing.assert_array_equal(target.get_layer("head").kernel, fresh)
    for given, taken in zip(source.weights[:-2], target.weights[:-2], strict=True):
        np.testing.assert_array_equal(given, taken)


def test_another_normalization_keeps_what_fits() -> None:
    transfer = copy_matching(build(parameters(norm="batch"), 5), build(parameters(norm="group"), 5), "x")
    assert any(title.startswith("Conv2D.5/kernel") for title in transfer.matched)
    assert any(title.startswith("GroupNormalization.0/gamma") for title in transfer.unmatched)


def test_imagenet_out_of_reach_says_which_file_to_put_where(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(keras.src.backend.config, "_KERAS_DIR", str(tmp_path / "keras"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    given = resolve("classification", {"data": "d", "model": "mobilenet_v2", "size": 96, "width": 0.35,
                                       "weights": "imagenet"})  # fmt: skip
    model = build(given, 3)
    with pytest.raises(TataraError) as caught:
        initialize(model, given)
    message = str(caught.value)
    assert "\n" not in message
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5" in message
    assert f"put it at {tmp_path}/keras/models/mobilenet_v2" in message


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"weights": "imagenet"}, "small_cnn has no ImageNet weights"),
        ({"weights": "nonsense"}, "weights=nonsense"),
        ({"weights": "nonsense/3"}, "no version 3"),
        ({"tune": "head"}, "needs weights"),
        ({"tune": "none"}, "keeps a given model, so it needs weights"),
    ],
)
def test_what_is_not_there_is_a_usage_error(tiny_project, given: dict[str, str], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        initialize(build(parameters(), 3), parameters(**given))


def test_a_run_starts_from_an_earlier_one_and_tunes_only_its_head(new_workspace) -> None:
    earlier, later = new_workspace(), new_workspace()
    train.run(earlier, parameters())
    train.run(later, parameters(weights=earlier.run_id, tune="head", learning_rate=0.1))
    before, after = trained(earlier), trained(later)
    for name in before:
        assert np.array_equal(before[name], after[name]) == (not name.startswith("head/")), name
    record = read_json(later.folder("train") / "run.json")
    assert record["transfer"]["unmatched"] == []
    assert record["trainable_parameters"] == 16 * 3 + 3


def test_a_run_takes_an_earlier_one_as_it_is(new_workspace) -> None:
    earlier, later = new_workspace(), new_workspace()
    train.run(earlier, parameters())
    train.run(later, parameters(weights=earlier.run_id, tune="none"))
    before, after = trained(earlier), trained(later)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    assert read_json(later.folder("train") / "run.json")["epochs_trained"] == 0
    assert (later.folder("train") / "history.csv").read_text() == "epoch\n"
    with pytest.raises(UsageError, match=r"tune=none: \d+ variables are not in .*; give a run of the same model"):
        train.run(new_workspace(), parameters(weights=earlier.run_id, tune="none", width=8))


def trained(workspace: Workspace) -> dict[str, np.ndarray]:
    model = task_module("classification").build(parameters(), 3)
    model.load_weights(workspace.folder("train") / "model.weights.h5")
    found = {}
    for position, layer in enumerate(model.layers):
        for variable in layer.weights:
            name = "head" if layer.name == "head" else f"{type(layer).__name__}{position}"
            found[f"{name}/{variable.name}"] = np.asarray(variable)
    return found
