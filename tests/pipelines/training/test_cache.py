"""The cache holds what `prepare` makes of the decoder's pixels, and is whole or absent."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.examples import Example, split_examples
from pipelines.nn.prepare import image_prepare
from pipelines.training.cache import prepared
from tatara.core.contract import ImagePreparation
from tatara.core.errors import TataraError
from tatara.core.home import state_root
from tatara.core.modalities import image

PREPARATION = ImagePreparation(size=16, scaling="standard", mean=(0.4, 0.5, 0.6), deviation=(0.2, 0.3, 0.4))


@pytest.fixture
def examples(new_workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    found = split_examples(new_workspace(), "train")
    copied = shutil.copytree(found[0].folder, tmp_path / "copy")
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    return [replace(example, folder=copied) for example in found]


def leftovers() -> list[Path]:
    return list((state_root() / "cache" / "prepared").iterdir())


def test_numpy_and_tensorflow_map_what_prepare_gives(examples: list[Example]) -> None:
    found = prepared(examples, PREPARATION, "x")
    expected = [image_prepare(PREPARATION)(image.decode(example.read())) for example in examples]
    np.testing.assert_allclose(found.array(), np.stack(expected), atol=1e-5)
    np.testing.assert_array_equal(found.tensor(), found.array())
    assert leftovers() == [found.path]


def test_a_second_use_decodes_nothing(examples: list[Example]) -> None:
    first = prepared(examples, PREPARATION, "x")
    shutil.rmtree(examples[0].folder)
    assert prepared(examples, PREPARATION, "x") == first


def test_other_content_order_or_preparation_is_another_file(examples: list[Example]) -> None:
    first = prepared(examples, PREPARATION, "x").path
    assert prepared(examples[::-1], PREPARATION, "x").path != first
    assert prepared(examples[:-1], PREPARATION, "x").path != first
    assert prepared(examples, PREPARATION.model_copy(update={"channels": "bgr"}), "x").path != first


def test_a_file_that_changed_since_validation_stops_it_and_leaves_nothing(examples: list[Example]) -> None:
    (examples[-1].folder / examples[-1].path).write_bytes(b"other")
    with pytest.raises(TataraError, match="changed since it was validated"):
        prepared(examples, PREPARATION, "x")
    assert leftovers() == []


def test_too_little_room_is_said_before_anything_is_written(examples: list[Example]) -> None:
    large = PREPARATION.model_copy(update={"size": 4096})
    many = examples * (2**48 // (4096 * 4096 * 12 * len(examples)))
    with pytest.raises(TataraError, match=r"needs 2\d{5}\.\d GB and \d+\.\d GB are free"):
        prepared(many, large, "x")
    assert leftovers() == []
