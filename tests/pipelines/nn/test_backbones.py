"""Backbones give the maps that they name, and take the published weights."""

import keras
import numpy as np

from pipelines.nn.backbones import MOBILENET_V2_LAYERS, features, mobilenet_v2, vgg16_blocks
from pipelines.nn.l2 import L2Normalization
from pipelines.training.weights import copy_matching


def test_vgg16_has_the_published_layers_and_answers() -> None:
    inputs = keras.Input((64, 64, 3))
    blocks = vgg16_blocks(inputs)
    assert [block.shape[1:] for block in blocks] == [
        (64, 64, 64), (32, 32, 128), (16, 16, 256), (8, 8, 512), (4, 4, 512)
    ]  # fmt: skip
    model = keras.Model(inputs, blocks[-1])
    published = keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 3))
    assert model.count_params() == published.count_params() == 14_714_688
    assert not copy_matching(published, model, "random").unmatched
    image = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    expected = keras.Model(published.input, published.get_layer("block5_conv3").output)(image)
    np.testing.assert_allclose(model(image), expected, atol=1e-5)


def test_vgg16_rounds_odd_sides_up() -> None:
    sides = [block.shape[1] for block in vgg16_blocks(keras.Input((300, 300, 3)), 0.05)]
    assert sides == [300, 150, 75, 38, 19]


def test_mobilenet_v2_has_a_map_for_each_stride() -> None:
    found = features(mobilenet_v2(64, 0.35), list(MOBILENET_V2_LAYERS.values()))
    assert [each.shape[1] for each in found] == [64 // stride for stride in MOBILENET_V2_LAYERS]


def test_l2_normalization_by_hand() -> None:
    layer = L2Normalization(20.0)
    found = layer(np.array([[[[3.0, 4.0]]], [[[0.0, -2.0]]]], np.float32))
    np.testing.assert_allclose(found[:, 0, 0], [[12, 16], [0, -20]], rtol=1e-5)
    assert [weight.shape for weight in layer.trainable_weights] == [(2,)]
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.scale == 20.0
