"""Transposed convolutions begin as bilinear interpolation."""

import keras
import numpy as np
import pytest

from pipelines.nn.upsampling import bilinear_filter, enlarged


def test_the_filters_are_those_of_the_paper() -> None:
    twice = np.array([0.25, 0.75, 0.75, 0.25], np.float32)
    np.testing.assert_array_equal(bilinear_filter(2), np.outer(twice, twice))
    np.testing.assert_allclose(bilinear_filter(3)[2], [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3], rtol=1e-6)
    assert bilinear_filter(32).shape == (64, 64)


@pytest.mark.parametrize("factor", [2, 8])
def test_a_fresh_layer_interpolates_each_channel_by_itself(factor: int) -> None:
    inputs = keras.Input((6, 6, 2))
    model = keras.Model(inputs, enlarged(inputs, factor, "head_enlarge"))
    x = np.stack([np.tile(np.arange(6.0), (6, 1)), np.full((6, 6), 5.0)], axis=-1)[None]
    found = np.asarray(model(x))[0]
    inner = slice(factor, -factor)  # beyond, the zeros around the image mix in
    ramp = (np.arange(6 * factor) + 0.5) / factor - 0.5
    assert found.shape == (6 * factor, 6 * factor, 2)
    np.testing.assert_allclose(found[inner, inner, 0], np.tile(ramp, (6 * factor, 1))[inner, inner], atol=1e-5)
    np.testing.assert_allclose(found[inner, inner, 1], 5, atol=1e-5)


def test_it_is_read_again_from_its_configuration() -> None:
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, enlarged(inputs, 2, "head_enlarge"))
    again = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
