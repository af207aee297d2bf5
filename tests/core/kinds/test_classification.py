"""Typed answers and their picture."""

import numpy as np

from tatara.core.kinds.classification import Answer, ScoredLabel, answers, draw
from tests.services.model_folder import contract


def answer(label: str, score: float) -> Answer:
    return Answer(label=label, score=score, top=(ScoredLabel(label=label, score=score),))


def test_labels_come_in_falling_order_ties_in_the_contracts_order() -> None:
    rows = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], np.float32)

    first, second = answers(contract(), {"probabilities": rows}, top=2)

    assert [scored.label for scored in first.top] == ["green", "blue"]
    assert [scored.label for scored in second.top] == ["red", "blue"]
    assert (first.label, round(first.score, 3)) == ("green", 0.5)


def test_small_images_are_enlarged_by_whole_pixels() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)

    picture = np.asarray(draw([pixels], [answer("7", 0.9)]))

    red = (picture == (255, 0, 0)).all(axis=2)
    assert red.sum() == 39 * 39  # 312 // 8
    rows, columns = np.nonzero(red)
    assert np.ptp(rows) == np.ptp(columns) == 38


def test_the_bar_is_as_long_as_the_score() -> None:
    picture = np.asarray(draw([np.zeros((8, 8, 3), np.uint8)], [answer("7", 0.5)]))

    accent = (picture == (0x2F, 0x6F, 0xED)).all(axis=2)
    assert accent.any(axis=0).sum() == 156 + 1  # half of 312, both ends drawn


def test_labels_that_no_font_has_are_told_by_their_code_points() -> None:
    from tatara.core.drawing import font_for

    _, shown = font_for("7 \U0010fffe", 20)

    assert shown == "7 U+10FFFE"


def test_any_size_and_any_length_of_label_fits() -> None:
    images = [np.zeros(shape, np.uint8) for shape in ((1, 1, 3), (3, 900, 3), (900, 3, 3), (500, 400, 3), (2, 2, 3))]

    picture = draw(images, [answer("a very long label " * 20, 0.0), *[answer("猫", 1.0)] * 4], "footer " * 100)

    assert picture.size == (4 * 384 + 24, 2 * (360 + 52 + 132 + 24) + 24 + 40)
