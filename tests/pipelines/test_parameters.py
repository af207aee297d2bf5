"""Parameters: typed, with the model's own names and defaults; unknown ones refused with the nearest."""

import pytest

from pipelines import parameters
from tatara.core.errors import UsageError


def test_strings_are_typed_and_the_models_defaults_hold() -> None:
    resolved = parameters.resolve("classification", {"data": "d", "epochs": "3", "flip": "both", "norm": "group"})
    assert (resolved.epochs, resolved.model) == (3, "small_cnn")
    assert resolved.model_dump()["flip"] == "both"
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


@pytest.mark.parametrize("kind", parameters.kinds())
def test_every_kind_changes_images_by_the_same_names_and_reads_the_flips_of_earlier_runs(kind: str) -> None:
    shared = ("flip", "quarter_turns", "rotate", "shift", "zoom", "contrast", "colour")
    for model in parameters.models(kind):
        schema = parameters.model_module(kind, model).Parameters
        if schema.modality != "image":
            continue
        assert set(shared) <= schema.model_fields.keys()
        for spelled, means in {True: "horizontal", "false": "none", False: "none", "both": "both"}.items():
            given = {"data": "d", "model": model, "flip": spelled}
            assert parameters.resolve(kind, given).model_dump()["flip"] == means
    with pytest.raises(UsageError, match=r"^flip='vertical': Input should be 'none', 'horizontal' or 'both'$"):
        parameters.resolve(kind, {"data": "d", "flip": "vertical"})
