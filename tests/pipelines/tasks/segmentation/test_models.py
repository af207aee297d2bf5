"""The networks are the papers': parameter counts, skips, sides, given weights."""

from typing import Any

import keras
import numpy as np
import pytest

from pipelines.parameters import Parameters, resolve
from pipelines.tasks.segmentation import vgg
from pipelines.tasks.segmentation.task import build
from pipelines.training.weights import copy_matching
from tatara.core.errors import UsageError

VGG16 = 14_714_688 + 102_764_544 + 16_781_312
"""Thirteen convolutions, 7 x 7 x 512 x 4096 of fc6 and 4096 x 4096 of fc7, with biases."""
SCORES = {32: 4096 * 21 + 21, 16: 512 * 21 + 21, 8: 256 * 21 + 21}
TWICE, FCNS = 4 * 4 * 21 * 21, {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8}


def parameters(model: str, **given: Any) -> Parameters:
    return resolve("segmentation", {"data": "d", "model": model, **given})


def unfilled(given: Parameters, classes: int) -> keras.Model:
    """The model without values in its variables, which would fill half a gigabyte."""
    with keras.StatelessScope(initialize_variables=False):
        return build(given, classes)


@pytest.mark.parametrize(("model", "stride"), FCNS.items())
def test_fcn_of_the_paper_with_the_21_classes_of_pascal(model: str, stride: int) -> None:
    found = unfilled(parameters(model, width=1, norm="none"), 21)
    strides = [each for each in SCORES if each >= stride]
    heads = sum(SCORES[each] for each in strides) + (len(strides) - 1) * TWICE + (2 * stride * 21) ** 2
    assert found.count_params() == VGG16 + heads
    assert found.count_params() == {"fcn32s": 136_152_917, "fcn16s": 134_815_994, "fcn8s": 134_489_759}[model]


def test_unet_of_the_paper() -> None:
    # 31,030,593 for one channel in and one class out; here two channels and one class more, of 9 * 64 and 65 each
    found = unfilled(parameters("unet", width=64, depth=4, norm="none"), 2)
    assert found.count_params() == 31_030_593 + 2 * 9 * 64 + 65


@pytest.mark.parametrize(("model", "given"), [("unet", {"depth": 3}), *((model, {}) for model in FCNS)])
def test_scores_are_as_large_as_the_image(model: str, given: dict[str, Any]) -> None:
    found = build(parameters(model, width=4 if model == "unet" else 0.0625, size=64, **given), 5)
    assert found.output_shape == (None, 64, 64, 5)
    assert np.asarray(found(np.zeros((2, 64, 64, 3), np.float32))).dtype == np.float32


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        ("unet", {"size": 100}, "multiple of 16; take size=96 or size=112"),
        ("unet", {"size": 100, "depth": 3}, "multiple of 8; take size=96 or size=104"),
        ("fcn8s", {"size": 100}, "size=100: Input should be a multiple of 32"),
    ],
)
def test_a_side_that_the_strides_do_not_divide_is_refused(model: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parameters(model, **given)


def test_pools_begin_without_a_say_and_the_last_enlargement_never_learns() -> None:
    model = build(parameters("fcn8s", width=0.0625, size=32), 3)
    for name in ("head_score_16", "head_score_8"):
        assert not model.get_layer(name).kernel.numpy().any()
    assert not model.get_layer("head_enlarge").trainable_variables
    assert model.get_layer("head_enlarge_16").trainable_variables


@pytest.mark.paper
def test_the_dense_layers_of_vgg16_become_convolutions() -> None:
    given = keras.applications.VGG16(weights=None)
    model = vgg.convolutional(given, parameters("fcn8s", width=1, norm="none", size=224))
    image = np.random.default_rng(0).uniform(-100, 100, (1, 224, 224, 3)).astype(np.float32)
    dense = keras.Model(given.input, given.get_layer("fc2").output)
    expected, found = np.asarray(dense(image)), np.asarray(model(image, training=False))
    assert found.shape == (1, 7, 7, 4096)
    np.testing.assert_allclose(found[:, 3, 3], expected, rtol=1e-3, atol=1e-4)  # the only place that sees all of it


def test_given_weights_reach_every_layer_below_the_head() -> None:
    small = parameters("fcn8s", width=0.0625, size=32)
    inputs, features = vgg.backbone(small)
    transfer = copy_matching(keras.Model(inputs, features[32]), build(small, 3), "imagenet")
    assert all(title.startswith("head_") for title in transfer.unmatched)
    assert sum("kernel" in title for title in transfer.matched) == 15


def test_imagenets_weights_need_the_published_network() -> None:
    with pytest.raises(ValueError, match="add width=1 norm=none"):
        vgg.imagenet(parameters("fcn8s"))
