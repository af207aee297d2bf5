"""What is written on pictures is in proportion to them."""

import numpy as np
import pytest

from tatara.core.painting import Canvas


@pytest.mark.parametrize(
    ("height", "width", "most"), [(500, 12000, 40), (12000, 500, 40), (3000, 4000, 100), (144, 192, 10)]
)
def test_labels_are_small_beside_the_shorter_side(height: int, width: int, most: int) -> None:
    assert 9 <= Canvas(np.zeros((height, width, 3), np.uint8)).text <= most
