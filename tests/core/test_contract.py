"""The contract's digest names its meaning; its bounds say which rule a value breaks."""

from pathlib import Path

import pytest

from tatara.core.contract import Bound, Contract, ImagePreparation, read_contract
from tatara.core.errors import TataraError


def contract(**changes: object) -> Contract:
    values = {
        "modality": "image",
        "kind": "classification",
        "decoder": "image-1",
        "labels": ("猫", "dog"),
        "preparation": ImagePreparation(size=32),
        "outputs": {"probabilities": (2,)},
    }
    return Contract.model_validate({**values, **changes})


def test_reading_what_was_written_gives_the_same_digest(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text(contract().canonical(), encoding="utf-8")
    assert read_contract(tmp_path / "contract.json").digest == contract().digest


@pytest.mark.parametrize(
    "change",
    [{"labels": ("dog", "猫")}, {"decoder": "image-2"}, {"bounds": (Bound(rule="r", column="width", minimum=2),)}],
)
def test_every_change_of_meaning_changes_the_digest(change: dict[str, object]) -> None:
    assert contract(**change).digest != contract().digest


def test_an_unknown_field_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    path.write_text(contract().canonical().replace('"version":2', '"version":2,"extra":2'), encoding="utf-8")
    with pytest.raises(TataraError, match="extra"):
        read_contract(path)


def test_bounds_are_inclusive_and_name_rule_column_and_value() -> None:
    bound = Bound(rule="image_size", column="width", minimum=4, maximum=10)
    assert bound.violation(4) is None
    assert bound.violation(10) is None
    assert bound.violation(3) == "image_size: width is 3, at least 4 is required"
    assert bound.violation(11) == "image_size: width is 11, at most 10 is allowed"
    modes = Bound(rule="mode", column="mode", allowed=("RGB", "L"))
    assert modes.violation("L") is None
    assert modes.violation("CMYK") == "mode is 'CMYK', allowed: RGB, L"
