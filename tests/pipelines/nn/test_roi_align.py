"""ROI Align against ramps, a slow reference and the paper's formula for levels."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.nn.roi_align import assigned_levels, roi_align


@pytest.mark.parametrize(
    ("box", "level"),
    [
        ((0, 0, 224, 224), 2),  # k0 = 4 for the side that ImageNet's networks see
        ((10, 10, 233.9, 233.9), 1),
        ((0, 0, 112, 112), 1),
        ((0, 0, 111, 112), 0),
        ((5, 5, 6, 6), 0),
        ((0, 0, 448, 448), 3),
        ((0, 0, 56, 896), 2),  # the root of the area counts
        ((0, 0, 2000, 2000), 3),
        ((0, 0, 0, 0), 0),
    ],
)
def test_levels_are_those_of_the_feature_pyramid_paper(box: tuple[float, ...], level: int) -> None:
    assert assigned_levels(tf.constant([box], tf.float32), 224.0, 4).numpy().tolist() == [level]


def test_of_a_ramp_it_gives_the_middles_of_the_bins() -> None:
    ramp = (np.arange(8, dtype=np.float32) + 0.5) * 4  # at stride 4, a cell's value is the place of its middle
    level = np.broadcast_to(ramp[None, None, :, None], (1, 8, 8, 1))
    found = roi_align([tf.constant(level)], [4], tf.constant([[[6.0, 7.0, 18.0, 25.0]]]), tf.constant([[0]]), 3)
    expected = np.broadcast_to([8.0, 12.0, 16.0], (3, 3))  # a box 12 wide has bins of 4
    np.testing.assert_allclose(found.numpy()[0, 0, :, :, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(_down(level, (6.0, 7.0, 18.0, 25.0)), [[10.0] * 3, [16.0] * 3, [22.0] * 3], rtol=1e-6)


def _down(level: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    turned = tf.constant(np.ascontiguousarray(level.transpose(0, 2, 1, 3)))
    return roi_align([turned], [4], tf.constant([[box]]), tf.constant([[0]]), 3).numpy()[0, 0, :, :, 0]


def test_it_agrees_with_a_slow_reference_on_several_levels() -> None:
    numbers = np.random.default_rng(0)
    levels = [numbers.random((2, 64 // stride, 48 // stride, 3), np.float32) for stride in (4, 8)]
    corners = np.sort(numbers.random((2, 9, 2, 2)) * [[[48, 64]]], axis=2).reshape(2, 9, 4).astype(np.float32)
    corners[0, 0], corners[0, 1], corners[1, 0] = (0, 0, 48, 64), (0, 0, 0, 0), (40, 60, 48, 64)  # edges and a point
    assigned = numbers.integers(0, 2, (2, 9)).astype(np.int32)
    found = roi_align([tf.constant(level) for level in levels], (4, 8), tf.constant(corners), assigned, 5).numpy()
    assert found.shape == (2, 9, 5, 5, 3)
    for image in range(2):
        for box in range(9):
            level = assigned[image, box]
            expected = _slow(levels[level][image], (4, 8)[level], corners[image, box], 5)
            np.testing.assert_allclose(found[image, box], expected, atol=2e-5)


def _slow(level: np.ndarray, stride: int, box: np.ndarray, side: int) -> np.ndarray:
    """The definition, point by point."""
    bins = np.zeros((side, side, level.shape[-1]))
    left, top, right, bottom = (float(edge) / stride for edge in box)
    for row, column, y, x in np.ndindex(side, side, 2, 2):
        down = top + (row + (y + 0.5) / 2) * (bottom - top) / side - 0.5
        across = left + (column + (x + 0.5) / 2) * (right - left) / side - 0.5
        bins[row, column] += _bilinear(level, down, across) / 4
    return bins


def _bilinear(level: np.ndarray, down: float, across: float) -> np.ndarray:
    down, across = np.clip(down, 0, level.shape[0] - 1), np.clip(across, 0, level.shape[1] - 1)
    y, x = int(down), int(across)
    below, right = min(y + 1, level.shape[0] - 1), min(x + 1, level.shape[1] - 1)
    upper = level[y, x] * (1 - (across - x)) + level[y, right] * (across - x)
    lower = level[below, x] * (1 - (across - x)) + level[below, right] * (across - x)
    return upper * (1 - (down - y)) + lower * (down - y)
