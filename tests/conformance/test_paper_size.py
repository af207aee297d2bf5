"""The models at their papers' size: the published parameter counts, one export each, and its memory."""

import resource
from pathlib import Path

import pytest

from pipelines.catalogue import show_model

# Trainable and not, with the 1,000 classes of ImageNet, as https://keras.io/api/applications lists them.
PUBLISHED = {"densenet121": 8_062_504, "mobilenet_v2": 3_538_984, "resnet50": 25_636_712, "vgg16": 138_357_544}


@pytest.mark.paper
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("model", "parameters"), PUBLISHED.items())
def test_parameters_are_those_published_and_it_exports(project: Path, model: str, parameters: int) -> None:
    card = show_model(model, {"classes": "1000"})
    assert card.parameters == parameters
    assert card.bytes == pytest.approx(4 * parameters, rel=0.05)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 6e6  # kB: six gigabytes


@pytest.mark.paper
@pytest.mark.timeout(900)
def test_five_classes_at_224(project: Path) -> None:
    assert show_model("mobilenet_v2", {"width": "0.5", "classes": "5"}).parameters == 712_629
    assert show_model("vgg16", {"classes": "5"}).parameters == 134_281_029
