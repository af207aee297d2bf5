"""Overlaps of what was found with what is marked, as tables and models hand them on."""

from pathlib import Path

import numpy as np
import pandas

from pipelines.examples import Example
from pipelines.metrics.objects import summary
from pipelines.metrics.objects.scenes import Scene, overlaps, scene
from pipelines.truth import objects_of
from tatara.core import boxes as geometry

TABLE = pandas.DataFrame({
    "label": ["cat", "cat", "dog"], "crowd": False, "rle": None,
    "x_min": [10.0, 60, 5], "y_min": [10.0, 20, 70], "x_max": [40.0, 90, 30], "y_max": [50.0, 55, 95],
})  # fmt: skip


def made() -> Scene:
    """Three marked objects from a table, whose memory lies column by column, and answers close to them."""
    truth = objects_of(TABLE, 100, 100)
    finished = {
        "boxes": truth.boxes + np.array([2.0, 1.0, 2.0, 1.0]),
        "scores": np.array([0.9, 0.8, 0.7]),
        "classes": np.array([0, 0, 1]),
    }
    pictured = Example("0.png", "", "0" * 64, Path(), 100, 100, truth)
    return scene(pictured, ("cat", "dog"), finished)


def test_overlaps_of_boxes_from_a_table_are_numpys() -> None:
    found = made()
    expected = geometry.iou(found.answer.boxes, found.truth.boxes)
    np.testing.assert_allclose(overlaps(found, by_mask=False), expected, atol=1e-9)
    assert expected.diagonal().min() > 0.75


def test_vocs_figures_see_the_objects_of_a_table() -> None:
    found = summary.measure([made()], [made()], ("cat", "dog"), seed=0, by_mask=False)
    assert (found["ap50"].value, found["voc12_map"].value, found["voc07_map"].value) == (1.0, 1.0, 1.0)
