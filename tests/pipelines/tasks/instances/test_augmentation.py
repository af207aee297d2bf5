"""Images and their maps of object numbers move together."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.parameters import resolve
from pipelines.tasks.instances.augmentation import instance_augmentation

STEP = tf.constant(5, tf.int64)
STILL = {"data": "d", "flip": "none"}


def _batch(side: int = 32) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Squares whose brightness is their number."""
    ids = np.zeros((16, side, side), np.uint16)
    ids[:, 4:12, 6:16], ids[:, 18:28, 12:20] = 1, 2
    images = np.repeat(ids[..., None].astype(np.float32), 3, axis=3)
    return tf.constant(images), {"ids": tf.constant(ids), "labels": tf.zeros((16, 2), tf.int32)}


@pytest.mark.parametrize("given", [{"flip": "horizontal"}, {"flip": "both"}, {"quarter_turns": True}])
def test_flips_and_quarter_turns_lose_nothing(given: dict[str, object]) -> None:
    images, targets = _batch()
    augment = instance_augmentation(resolve("instances", {**STILL, **given}))
    assert augment is not None
    moved, found = augment(images, targets, STEP)
    ids = found["ids"].numpy()
    np.testing.assert_allclose(moved[..., 0], ids, atol=1e-3)
    assert (np.sort(ids.reshape(16, -1)) == np.sort(targets["ids"].numpy().reshape(16, -1))).all()
    variants = {each.tobytes() for each in ids}
    assert len(variants) == {"horizontal": 2}.get(str(given.get("flip")), 4)
    assert found["ids"].dtype == tf.uint16


def test_what_moves_moves_image_and_map_alike() -> None:
    images, targets = _batch()
    given = {**STILL, "rotate": 0.1, "shift": 0.1, "zoom": 0.3}
    augment = instance_augmentation(resolve("instances", given))
    assert augment is not None
    moved, found = augment(images, targets, STEP)
    ids = found["ids"].numpy()
    assert not np.array_equal(ids, targets["ids"].numpy())
    assert (np.abs(moved[..., 0] - ids) <= 0.75 * 2 + 0.01).all()  # the nearest of four pixels has a quarter at least
    inner = np.abs(moved[..., 0] - ids) < 1e-3
    assert inner.mean() > 0.85
    again, _ = augment(images, targets, STEP)
    np.testing.assert_array_equal(moved, again)
    other, _ = augment(images, targets, STEP + 1)
    assert not np.array_equal(moved, other)


def test_contrast_leaves_the_map() -> None:
    images, targets = _batch()
    augment = instance_augmentation(resolve("instances", {**STILL, "contrast": 0.5}))
    assert augment is not None
    changed, found = augment(images, targets, STEP)
    np.testing.assert_array_equal(found["ids"], targets["ids"])
    np.testing.assert_allclose(np.mean(changed, axis=(1, 2, 3)), np.mean(images, axis=(1, 2, 3)), rtol=1e-4)
    assert not np.allclose(changed, images)


def test_colours_leave_the_map_and_pasted_objects_bring_their_labels() -> None:
    images, targets = _batch()
    targets["labels"] = tf.tile(tf.range(16)[:, None], [1, 2])
    augment = instance_augmentation(resolve("instances", {**STILL, "colour": 1.0}))
    assert augment is not None
    changed, found = augment(images / 2, targets, STEP)
    np.testing.assert_array_equal(found["ids"], targets["ids"])
    assert not np.allclose(changed, images / 2, atol=0.05)
    augment = instance_augmentation(resolve("instances", {**STILL, "shift": 0.3, "paste": 1.0}))
    assert augment is not None
    _, found = augment(images, targets, STEP)
    assert found["ids"].dtype == tf.uint16
    for position, (ids, labels) in enumerate(zip(found["ids"].numpy(), found["labels"].numpy(), strict=True)):
        laid = np.unique(ids[ids > 2])
        assert (labels[laid - 1] == (position + 1) % 16).all()
    assert found["ids"].numpy().max() == 4


def test_none_is_none() -> None:
    assert instance_augmentation(resolve("instances", STILL)) is None
