"""Masks in every form, compared and put together from tiles."""

import time

import numpy as np
import pytest

from tatara.core.contract import Contract, Finished, ImagePreparation
from tatara.core.kinds.instances import (
    Answer,
    Options,
    answer,
    differences,
    merge,
    overlay,
)
from tatara.core.kinds.instances import (
    finished as finished_in_parts,
)
from tatara.core.masks import Masks, Rle, decode, encode, polygons, unpack

CONTRACT = Contract(
    modality="image",
    kind="instances",
    decoder="image-1",
    labels=("cell", "dust"),
    preparation=ImagePreparation(size=8),
    outputs={},
)


def finished(shape: tuple[int, int], *rows: tuple[int, int, int, int, float, int]) -> Finished:
    """Rows of x_min, y_min, x_max, y_max, score, class, whose masks fill their boxes."""
    masks = np.zeros((len(rows), *shape), np.uint8)
    for mask, (left, top, right, bottom, _, _) in zip(masks, rows, strict=True):
        mask[top:bottom, left:right] = 1
    return {
        "boxes": np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
        "scores": np.array([row[4] for row in rows], np.float32),
        "classes": np.array([row[5] for row in rows], np.int32),
        "masks": masks,
    }


def test_run_lengths_are_cocos() -> None:
    mask = np.zeros((3, 4), np.uint8)
    mask[1:, 1:3] = 1

    # In columns: 4 of 0, 2 of 1, 1 of 0, 2 of 1, 3 of 0; in COCO's six-bit characters "4212" and the last one's gain.
    from pycocotools import mask as coco

    packed = encode(mask)
    assert packed.size == (3, 4)
    assert packed.counts.encode() == coco.frPyObjects({"size": [3, 4], "counts": [4, 2, 1, 2, 3]}, 3, 4)["counts"]
    np.testing.assert_array_equal(decode(packed), mask)


def test_polygons_run_along_the_edges_of_the_pixels() -> None:
    mask = np.zeros((5, 6), np.uint8)
    mask[1:4, 2:5] = 1

    (ring,) = polygons(mask)

    points = np.array(ring).reshape(-1, 2)
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([2, 1], [5, 4])
    assert len(points) == 8  # four sides and four cut corners


@pytest.mark.parametrize("form", ["rle", "polygon", "png"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_every_form_gives_the_mask_back(form: str, share: float) -> None:
    mask = (np.random.default_rng(3).random((23, 37)) < share).astype(np.uint8)
    seen = {**finished((23, 37), (0, 0, 37, 23, 0.9, 0)), "masks": mask[None]}

    found = answer(CONTRACT, seen, Options(masks=form), (23, 37))  # type: ignore[arg-type]

    (one,) = Answer.model_validate_json(found.model_dump_json()).objects
    assert one.mask is not None
    np.testing.assert_array_equal(unpack(one.mask, (23, 37)), mask)


def test_without_masks_there_are_none() -> None:
    found = answer(CONTRACT, finished((9, 9), (0, 0, 4, 4, 0.9, 0)), Options(masks="none"), (9, 9))

    assert found.objects[0].mask is None


def test_only_masks_of_objects_asked_for_are_looked_at() -> None:
    class Counting(Masks):
        read = 0

        def at(self, position: int) -> Rle:
            Counting.read += 1
            return super().at(position)

    seen = finished((9, 9), (0, 0, 4, 4, 0.9, 0), (0, 0, 5, 5, 0.8, 1), (0, 0, 6, 6, 0.1, 0))
    seen["masks"] = Counting((9, 9), [encode(mask) for mask in seen["masks"]])  # type: ignore[assignment]

    answer(CONTRACT, seen, Options(classes=("cell",)), (9, 9))

    assert Counting.read == 1


def test_masks_of_one_object_are_compared_whatever_its_place() -> None:
    first = finished((10, 10), (0, 0, 4, 4, 0.8, 0), (5, 5, 9, 9, 0.8, 0))
    second = {name: values[::-1].copy() for name, values in first.items()}
    second["masks"][0, 0, 0] = 1  # one pixel of a hundred

    assert differences(first, second) == {"box": 0.0, "score": 0.0, "unmatched": 0.0, "mask": 0.01}


def test_parts_of_a_mask_come_together_at_their_places() -> None:
    left, right = finished((20, 30), (10, 5, 30, 15, 0.9, 0)), finished((20, 30), (0, 5, 15, 15, 0.8, 0))

    found = merge([(left, (0, 0)), (right, (0, 20))], (20, 50))

    np.testing.assert_allclose(found["boxes"], [[10, 5, 35, 15]])
    (mask,) = np.asarray(found["masks"])
    expected = np.zeros((20, 50), np.uint8)
    expected[5:15, 10:35] = 1
    np.testing.assert_array_equal(mask, expected)


def test_a_mask_of_nothing_merges_with_one_of_something_and_stays_one_of_nothing_alone() -> None:
    left, right = finished((20, 30), (10, 5, 30, 15, 0.9, 0)), finished((20, 30), (0, 5, 15, 15, 0.8, 0))
    left["masks"][:] = 0

    found = merge([(left, (0, 0)), (right, (0, 20))], (20, 50))
    nothing = merge([(left, (0, 0)), (finished((20, 30)), (0, 20))], (20, 50))

    (mask,) = np.asarray(found["masks"])
    assert (mask.sum(), mask[5:15, 20:35].sum()) == (150, 150)
    assert np.asarray(nothing["masks"]).shape == (1, 20, 50)
    assert not np.asarray(nothing["masks"]).any()


def test_masks_of_many_objects_of_a_large_image_take_the_objects_room_alone() -> None:
    """2,000 objects of 100 million pixels: written into whole images they would be 200 GB."""
    tiles = [(0, left) for left in range(0, 199_800, 200)]
    view = finished((500, 250), (20, 20, 40, 30, 0.9, 0), (120, 300, 130, 330, 0.8, 1))
    began = time.process_time()

    found = merge([(view, tile) for tile in tiles], (500, 200_000))
    listed = answer(CONTRACT, found, Options(top=100, score=0.85), (500, 200_000))

    assert time.process_time() - began < 5
    assert (len(found["masks"]), len(listed.objects)) == (2 * len(tiles), 100)
    assert unpack(listed.objects[7].mask, (500, 200_000)).sum() == 200


def test_merged_masks_are_answered_as_arrays_are() -> None:
    part = finished((20, 30), (10, 5, 20, 15, 0.9, 0))

    found = answer(CONTRACT, merge([(part, (0, 0)), (finished((20, 30)), (0, 20))], (20, 50)), Options(), (20, 50))

    (one,) = found.objects
    assert isinstance(one.mask, Rle)
    assert decode(one.mask).sum() == 100


def test_the_picture_is_tinted_inside_the_mask_alone() -> None:
    found = answer(CONTRACT, finished((200, 300), (50, 50, 100, 100, 0.9, 0)), Options(), (200, 300))

    pixels = np.asarray(overlay(np.full((200, 300, 3), 255, np.uint8), found, CONTRACT.labels))

    assert pixels.shape == (200, 300, 3)
    assert (pixels[75, 75] < 255).any()
    assert (pixels[150, 200] == 255).all()


@pytest.mark.parametrize(("rows", "boxed"), [(2, True), (5, False)])
def test_of_very_many_objects_the_masks_alone_are_drawn(rows: int, boxed: bool) -> None:
    """A box has a dark seam one pixel outside of it; each object's name is far from the last object."""
    corners = [(20 + 25 * column, 60 + 25 * row) for row in range(rows) for column in range(10)]
    found = finished((200, 300), *((x, y, x + 10, y + 10, 0.9, 0) for x, y in corners))
    pixels = np.full((200, 300, 3), 255, np.uint8)

    drawn = np.asarray(overlay(pixels, answer(CONTRACT, found, Options(), (200, 300)), CONTRACT.labels))
    unmasked = np.asarray(overlay(pixels, answer(CONTRACT, found, Options(masks="none"), (200, 300)), CONTRACT.labels))

    x, y = corners[-1]
    assert (drawn[y + 5, x + 5] < 255).any()
    assert (drawn[y + 5, x - 1] == (0 if boxed else 255)).all()
    assert (unmasked[y + 5, x - 1] == 0).all()


@pytest.mark.parametrize(("options", "rows"), [(None, [0, 1, 2]), (Options(score=0.5), [0, 1]), (Options(score=1), [])])
def test_large_masks_are_finished_one_by_one_and_only_those_asked_for(
    options: Options | None, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finished((9, 9), (0, 0, 4, 4, 0.9, 0), (0, 0, 5, 5, 0.8, 1), (0, 0, 6, 6, 0.1, 0))
    sizes = []

    def finish(outputs: Finished) -> Finished:
        count = int((outputs["scores"] > 0).sum())
        sizes.append(count)
        return {name: values[:count] for name, values in outputs.items()}

    monkeypatch.setattr("tatara.core.kinds.instances.AT_ONCE", 81)
    found = finished_in_parts(CONTRACT, finish, whole, (9, 9), options)

    assert sizes == [1] * len(rows) or sizes == [0]
    np.testing.assert_array_equal(np.asarray(found["masks"]), whole["masks"][rows])
    np.testing.assert_array_equal(found["boxes"], whole["boxes"][rows])
