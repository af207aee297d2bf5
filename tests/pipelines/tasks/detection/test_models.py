"""The detectors are the papers': default boxes, feature maps and parameter counts."""

import keras
import numpy as np
import pytest

from pipelines.parameters import resolve
from pipelines.tasks.detection.models import ssd300
from pipelines.tasks.detection.task import build, default_boxes
from pipelines.training.weights import copy_matching


def test_ssd300_has_the_papers_default_boxes() -> None:
    found = default_boxes(resolve("detection", {"data": "d", "model": "ssd300"})).astype(np.float64)
    assert len(found) == 8732
    sides, centres = found[:, 2:] - found[:, :2], (found[:, 2:] + found[:, :2]) / 2
    counts = [38**2 * 4, 19**2 * 6, 10**2 * 6, 5**2 * 6, 3**2 * 4, 4]
    assert sum(counts) == 8732
    starts = np.cumsum([0, *counts])
    scales = [30, 60, 111, 162, 213, 264, 315]  # of 300 pixels, as in the authors' prototxt
    for start, scale, after in zip(starts, scales[:-1], scales[1:], strict=False):
        between = np.sqrt(scale * after)
        wide = (scale * np.sqrt(2), scale / np.sqrt(2))
        expected = [(scale, scale), (between, between), wide, wide[::-1]]
        np.testing.assert_allclose(sides[start : start + 4] * 300, expected, rtol=1e-5)
    np.testing.assert_allclose(sides[starts[1] + 4] * 300, [60 * np.sqrt(3), 60 / np.sqrt(3)], rtol=1e-5)
    np.testing.assert_allclose(centres[:4], 0.5 / 38, rtol=1e-5)
    np.testing.assert_allclose(centres[4], [1.5 / 38, 0.5 / 38], rtol=1e-5)
    np.testing.assert_allclose(centres[-1], [0.5, 0.5], rtol=1e-5)


def test_ssd300_has_the_papers_maps_and_parameters() -> None:
    model = build(resolve("detection", {"data": "d", "model": "ssd300"}), 20)
    sides = {name: model.get_layer(name).output.shape[1:] for name in ("conv4_3_norm", "fc7", "conv8_2", "conv9_2")}
    assert sides == {
        "conv4_3_norm": (38, 38, 512), "fc7": (19, 19, 1024), "conv8_2": (10, 10, 512), "conv9_2": (5, 5, 256)
    }  # fmt: skip
    assert [model.get_layer(f"conv{i}_2").output.shape[1] for i in (10, 11)] == [3, 1]
    assert model.output_shape == (None, 8732, 4 + 21)
    # VGG16's 14,714,688, fc6 and fc7 as convolutions, eight more, the scales, and 25 outputs by default box.
    extra = [(512, 1024, 9), (1024, 1024, 1), (1024, 256, 1), (256, 512, 9), (512, 128, 1), (128, 256, 9)]
    extra += [(256, 128, 1), (128, 256, 9)] * 2
    heads = [(512, 4 * 25, 9), (1024, 6 * 25, 9), (512, 6 * 25, 9), (256, 6 * 25, 9), (256, 4 * 25, 9)]
    layers = [*extra, *heads, heads[-1]]
    count = 14_714_688 + 512 + sum(inputs * outputs * area + outputs for inputs, outputs, area in layers)
    assert model.count_params() == count == 26_285_486
    keras.backend.clear_session()


def test_ssd_mobilenet_has_as_many_default_boxes_as_outputs() -> None:
    parameters = resolve("detection", {"data": "d", "model": "ssd_mobilenet", "size": 192, "width": 0.35})
    boxes, model = default_boxes(parameters), build(parameters, 3)
    assert model.output_shape == (None, len(boxes), 4 + 1 + 3)
    sides = boxes[:, 2:] - boxes[:, :2]
    assert np.sqrt(sides.prod(axis=1)).min() == pytest.approx(parameters.smallest)
    assert (sides > 0).all()


def test_mobilenets_published_weights_fit_the_backbone() -> None:
    parameters = resolve("detection", {"data": "d", "model": "ssd_mobilenet", "size": 64, "width": 0.35})
    model = build(parameters, 3)
    published = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.35)
    transfer = copy_matching(published, model, "random")
    assert len(transfer.matched) == len(published.weights)
    for name in ("Conv1", "block_6_expand", "Conv_1"):
        np.testing.assert_array_equal(model.get_layer(name).kernel, published.get_layer(name).kernel)


@pytest.mark.paper
def test_ssd300_takes_vgg16_with_its_dense_layers_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    keras.utils.set_random_seed(0)
    whole = keras.applications.VGG16(weights=None)
    monkeypatch.setattr(keras.applications, "VGG16", lambda weights: whole)
    parameters = resolve("detection", {"data": "d", "model": "ssd300"})
    source = ssd300.imagenet(parameters)
    dense = whole.get_layer("fc1").kernel.numpy()
    kernel = source.get_layer("fc6").kernel.numpy()
    np.testing.assert_array_equal(kernel[1, 2, 5], dense[(3 * 7 + 6) * 512 + 5, ::4])
    np.testing.assert_array_equal(source.get_layer("fc7").kernel[0, 0, 7], whole.get_layer("fc2").kernel[28, ::4])
    model = build(parameters, 2)
    transfer = copy_matching(source, model, "imagenet")
    assert len(transfer.matched) == len(source.weights) == 30
    np.testing.assert_array_equal(model.get_layer("fc6").kernel, kernel)
    with pytest.raises(ValueError, match="width=1"):
        ssd300.imagenet(parameters.model_copy(update={"width": 0.5}))
    keras.backend.clear_session()
