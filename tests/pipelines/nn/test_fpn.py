"""The feature pyramid with weights that make its sums visible."""

import keras
import numpy as np

from pipelines.nn.fpn import feature_pyramid


def test_each_level_adds_the_coarser_ones() -> None:
    maps = [keras.Input((side, side, 1)) for side in (16, 8, 4, 2)]
    model = keras.Model(maps, feature_pyramid(maps, 1, "fpn"))
    for layer in model.layers:
        if layer.weights:
            kernel = np.zeros(layer.kernel.shape, np.float32)
            kernel[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1.0
            layer.set_weights([kernel, np.zeros(1, np.float32)])
    values = [np.full((1, *each.shape[1:]), 10.0**power, np.float32) for power, each in enumerate(maps)]
    found = model(values)
    assert [level.shape[1] for level in found] == [16, 8, 4, 2, 1]
    assert [float(level[0, 0, 0, 0]) for level in found] == [1111.0, 1110.0, 1100.0, 1000.0, 1000.0]
