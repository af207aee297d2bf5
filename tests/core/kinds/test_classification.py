"""Typed answers and their picture."""

import numpy as np
import pytest

from tatara.core import drawing
from tatara.core.kinds.classification import Answer, Options, ScoredLabel, answer, differences, line, overlay
from tests.services.model_folder import contract


def answered(label: str, score: float) -> Answer:
    return Answer(label=label, score=score, top=(ScoredLabel(label=label, score=score),))


def test_labels_come_in_falling_order_ties_in_the_contracts_order() -> None:
    rows = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], np.float32)

    first, second = (answer(contract(), {"probabilities": row}, Options(top=2), (8, 8)) for row in rows)

    assert [scored.label for scored in first.top] == ["green", "blue"]
    assert [scored.label for scored in second.top] == ["red", "blue"]
    assert (first.label, round(first.score, 3)) == ("green", 0.5)
    assert line(first) == "green  50.0%   blue 30.0%"


def test_the_largest_gap_of_probabilities_is_the_difference() -> None:
    first, second = ({"probabilities": np.array(row, np.float32)} for row in ([0.5, 0.5], [0.25, 0.75]))

    assert differences(first, second) == {"probability": pytest.approx(0.25), "decided": 0.0}
    assert differences(second, first) == {"probability": pytest.approx(0.25), "decided": 1.0}
    assert differences(first, {"probabilities": np.array([np.nan, 1], np.float32)})["probability"] == float("inf")


def test_small_images_are_enlarged_by_whole_pixels() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)

    picture = np.asarray(overlay(pixels, answered("7", 0.9)))

    red = (picture == (255, 0, 0)).all(axis=2)
    assert red.sum() == 39 * 39  # 312 // 8
    rows, columns = np.nonzero(red)
    assert np.ptp(rows) == np.ptp(columns) == 38


def test_the_bar_is_as_long_as_the_score() -> None:
    picture = np.asarray(overlay(np.zeros((8, 8, 3), np.uint8), answered("7", 0.5)))

    accent = (picture == (0x2F, 0x6F, 0xED)).all(axis=2)
    assert accent.any(axis=0).sum() == 156 + 1  # half of 312, both ends drawn


def test_japanese_labels_are_drawn() -> None:
    _, shown = drawing.font_for("猫 ひらがな 7", 20)

    assert shown == "猫 ひらがな 7"


def test_labels_that_no_font_has_are_told_by_their_code_points() -> None:
    _, shown = drawing.font_for("7 \U0010fffe", 20)

    assert shown == "7 U+10FFFE"


def test_any_size_and_any_length_of_label_fits() -> None:
    images = [np.zeros(shape, np.uint8) for shape in ((1, 1, 3), (3, 900, 3), (900, 3, 3), (500, 400, 3), (2, 2, 3))]
    found = [answered("a very long label " * 20, 0.0), *[answered("猫", 1.0)] * 4]

    picture = drawing.grid([overlay(*pair) for pair in zip(images, found, strict=True)], "footer " * 100)

    assert picture.size == (4 * 384 + 24, 2 * (360 + 52 + 132 + 24) + 24 + 40)
