"""Objects into the prepared frame and back into the original's pixels."""

import numpy as np
import tensorflow as tf
from pycocotools import mask as coco

from pipelines.nn.boxes import IGNORED
from pipelines.tasks.instances.frame import finished, label_numbers, numbered
from pipelines.truth import Objects
from tatara.core.contract import ImagePreparation


def _objects(masks: list[np.ndarray], crowd: list[bool] | None = None) -> Objects:
    height, width = masks[0].shape
    rle = tuple(coco.encode(np.asfortranarray(mask))["counts"].decode() for mask in masks)
    flags = np.array(crowd or [False] * len(masks))
    return Objects(np.zeros((len(masks), 4)), ("a", "b", "c")[: len(masks)], flags, rle, width, height)


def _filled(height: int, width: int, top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def test_the_smaller_object_lies_on_top_and_crowds_below() -> None:
    masks = [_filled(8, 8, 2, 2, 5, 5), _filled(8, 8, 1, 1, 6, 6), _filled(8, 8, 0, 0, 2, 2)]
    objects = _objects(masks, [False, False, True])
    found = numbered(objects, ImagePreparation(size=8, resize="stretch"))
    assert found[:6, :6].tolist() == [
        [3, 3, 0, 0, 0, 0], [3, 2, 2, 2, 2, 2], [0, 2, 1, 1, 1, 2], [0, 2, 1, 1, 1, 2], [0, 2, 1, 1, 1, 2],
        [0, 2, 2, 2, 2, 2],
    ]  # fmt: skip
    assert label_numbers(objects, ["b", "a", "c"]) == [1, 0, IGNORED]


def test_each_prepared_pixel_shows_what_lies_at_its_middle() -> None:
    objects = _objects([_filled(8, 16, 0, 8, 8, 16)])
    stretched = numbered(objects, ImagePreparation(size=8, resize="stretch"))
    assert stretched.tolist() == [[0] * 4 + [1] * 4] * 8
    padded = numbered(objects, ImagePreparation(size=8, resize="pad"))
    assert padded.tolist() == [[0] * 4 + [1] * 4] * 4 + [[0] * 8] * 4
    enlarged = numbered(objects, ImagePreparation(size=32, resize="pad"))
    assert (enlarged[:16, 16:] == 1).all()
    assert enlarged.sum() == 256


def _outputs(boxes: list[list[float]], masks: np.ndarray, most: int = 4) -> dict[str, tf.Tensor]:
    count = len(boxes)
    return {
        "boxes": tf.constant(np.pad(np.float32(boxes), ((0, most - count), (0, 0)))),
        "scores": tf.constant(np.pad(np.linspace(0.9, 0.5, count, dtype=np.float32), (0, most - count))),
        "classes": tf.constant(np.pad(np.ones(count, np.int32), (0, most - count))),
        "masks": tf.constant(np.pad(np.float32(masks), ((0, most - count), (0, 0), (0, 0)))),
    }


def test_masks_fill_their_boxes_in_the_original() -> None:
    masks = np.ones((2, 28, 28))
    masks[1, :, 14:] = 0  # the left half
    outputs = _outputs([[1, 1, 3, 3], [4, 0, 8, 8]], masks)
    found = finished(outputs, tf.constant([16, 32]), ImagePreparation(size=8, resize="stretch"))
    assert found["boxes"].numpy().tolist() == [[4, 2, 12, 6], [16, 0, 32, 16]]
    assert found["masks"].dtype == tf.uint8
    np.testing.assert_array_equal(found["masks"][0], _filled(16, 32, 2, 4, 6, 12))
    np.testing.assert_array_equal(found["masks"][1], _filled(16, 32, 0, 16, 16, 24))
    assert found["scores"].shape == found["classes"].shape == (2,)


def test_boxes_end_with_the_image_where_it_was_padded() -> None:
    outputs = _outputs([[2, 2, 8, 8]], np.ones((1, 28, 28)))
    found = finished(outputs, tf.constant([10, 20]), ImagePreparation(size=8, resize="pad"))
    np.testing.assert_allclose(found["boxes"].numpy(), [[5, 5, 20, 10]])
    np.testing.assert_array_equal(found["masks"][0], _filled(10, 20, 5, 5, 10, 20))


def test_an_answer_without_objects_has_no_rows() -> None:
    outputs = _outputs([[0, 0, 1, 1]], np.ones((1, 28, 28)))
    outputs["scores"] = tf.zeros(4)
    found = finished(outputs, tf.constant([10, 20]), ImagePreparation(size=8, resize="pad"))
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "boxes": (0, 4), "scores": (0,), "classes": (0,), "masks": (0, 10, 20),
    }  # fmt: skip


def test_pasting_agrees_with_a_slow_reference() -> None:
    numbers = np.random.default_rng(0)
    mask = numbers.random((28, 28), np.float32)
    box = [3.3, 2.2, 37.9, 20.1]
    found = finished(_outputs([box], mask[None]), tf.constant([40, 40]), ImagePreparation(size=40, resize="stretch"))
    for y, x in np.ndindex(40, 40):
        inside = box[0] <= x + 0.5 < box[2] and box[1] <= y + 0.5 < box[3]
        across = np.clip((x + 0.5 - box[0]) / (box[2] - box[0]) * 28 - 0.5, 0, 27)
        down = np.clip((y + 0.5 - box[1]) / (box[3] - box[1]) * 28 - 0.5, 0, 27)
        left, top = min(int(across), 26), min(int(down), 26)
        part = mask[top : top + 2, left : left + 2]
        value = np.array([1 - (down - top), down - top]) @ part @ np.array([1 - (across - left), across - left])
        if abs(value - 0.5) > 1e-4:
            assert int(found["masks"][0, y, x]) == int(inside and value > 0.5), (y, x)
