"""The models are the papers': parameter counts and preparations."""

import keras
import numpy as np
import pytest

from pipelines.nn.prepare import image_prepare, preparation_of
from pipelines.parameters import resolve
from pipelines.tasks.classification.task import build


@pytest.mark.parametrize(
    ("model", "given", "classes", "count"),
    [
        ("mobilenet_v2", {"width": 0.5}, 5, 712_629),
        ("vgg16", {}, 5, 134_281_029),
        ("resnet50", {}, 1000, 25_636_712),  # as keras.applications documents it
        ("densenet121", {}, 1000, 8_062_504),
    ],
)
def test_parameter_counts(model: str, given: dict[str, object], classes: int, count: int) -> None:
    parameters = resolve("classification", {"data": "d", "model": model, **given})
    assert parameters.size == 224
    assert build(parameters, classes).count_params() == count
    keras.backend.clear_session()  # VGG16 alone holds half a gigabyte


@pytest.mark.parametrize("model", ["resnet50", "vgg16", "densenet121", "mobilenet_v2"])
def test_the_preparation_is_the_one_of_the_published_weights(model: str) -> None:
    package = {"resnet50": "resnet50", "vgg16": "vgg16", "densenet121": "densenet", "mobilenet_v2": "mobilenet_v2"}
    expected = getattr(keras.applications, package[model]).preprocess_input
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    parameters = resolve("classification", {"data": "d", "model": model, "size": 64})
    found = image_prepare(preparation_of(parameters))(image)
    np.testing.assert_allclose(found, expected(image.astype(np.float32)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("norm", "groups"), [("layer", 1), ("instance", -1), ("group", 4)])
def test_small_cnn_normalizes_as_asked(norm: str, groups: int) -> None:
    given = {"data": "d", "size": 16, "width": 4, "norm": norm}
    layers = build(resolve("classification", given), 3).layers
    found = [layer.groups for layer in layers if isinstance(layer, keras.layers.GroupNormalization)]
    assert found == ([groups] * 6 if groups > 0 else [4, 4, 8, 8, 16, 16])
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
