"""Parameters: typed, with the model's own names and defaults; unknown ones refused with the nearest."""

import pytest

from pipelines import parameters
from tatara.core.errors import UsageError


def test_strings_are_typed_and_the_models_defaults_hold() -> None:
    resolved = parameters.resolve("classification", {"data": "d", "epochs": "3", "flip": "true", "norm": "group"})
    assert (resolved.epochs, resolved.model) == (3, "small_cnn")
    assert resolved.model_dump()["flip"] is True
    assert resolved.model_dump()["norm"] == "group"


def test_a_dump_resolves_to_the_same_parameters() -> None:
    first = parameters.resolve("classification", {"data": "d", "model": "small_cnn", "width": 8})
    stored = first.model_dump(mode="json")
    assert parameters.resolve(stored.pop("kind"), stored) == first


def test_another_models_parameter_is_unknown() -> None:
    with pytest.raises(UsageError, match="no parameter 'norm'"):
        parameters.resolve("classification", {"data": "d", "model": "vgg16", "norm": "batch"})


@pytest.mark.parametrize("kind", parameters.kinds())
def test_every_model_says_where_it_comes_from(kind: str) -> None:
    for model in parameters.models(kind):
        module = parameters.model_module(kind, model)
        assert module.Parameters.model_fields["model"].default == model
        assert module.PAPER


@pytest.mark.parametrize("kind", parameters.kinds())
def test_every_parameter_says_what_it_is(kind: str) -> None:
    for model in parameters.models(kind):
        schema = parameters.model_module(kind, model).Parameters
        assert [name for name in schema.model_fields if not parameters.meaning(schema, name)] == [], model


def test_a_model_that_changes_a_default_keeps_the_meaning() -> None:
    small = parameters.model_module("detection", "ssd_mobilenet").Parameters
    assert parameters.meaning(small, "zoom_out").startswith("augmentation: half of the images")
    assert parameters.meaning(small, "width").startswith("factor on the filters of the backbone")


def test_a_model_of_another_kind_is_said_to_be_one() -> None:
    with pytest.raises(UsageError, match="unet is a model of segmentation, not of detection; detection has ssd300"):
        parameters.resolve("detection", {"data": "d", "model": "unet"})
