"""Run lengths written and read by parts are pycocotools' of the whole image."""

import numpy as np
import pytest
from pycocotools import mask as coco

from tatara.core.masks import Rle, cropped, encode, pack, placed

SIZES = [(1, 1), (7, 5), (40, 60), (300, 3)]


def cocos(mask: np.ndarray) -> str:
    found: bytes = coco.encode(np.asfortranarray(mask))["counts"]
    return found.decode()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98, 1.0])
def test_they_are_cocos_and_come_back_as_the_smallest_part(size: tuple[int, int], share: float) -> None:
    generator = np.random.default_rng(7)
    for _ in range(20):
        mask = (generator.random(size) < share).astype(np.uint8)

        packed = encode(mask)

        assert packed.counts == cocos(mask)
        part, (top, left) = cropped(packed)
        whole = np.zeros(size, np.uint8)
        whole[top : top + part.shape[0], left : left + part.shape[1]] = part
        np.testing.assert_array_equal(whole, mask)
        assert not part.size or all(part.any(axis=axis)[[0, -1]].all() for axis in (0, 1))
        assert all(pack(packed, form) == pack(mask, form) for form in ("rle", "polygon", "png"))


def test_long_runs_and_falling_ones_are_read() -> None:
    """Lengths of one to five characters, gains and losses."""
    counts = [0, 3, 5_000_000, 70_000, 1, 900, 40_000_000, 2, 31, 33, 1_000_000, 17]
    size = (sum(counts) // 7 + 1, 7)
    counts[-2] += size[0] * 7 - sum(counts)
    packed = coco.frPyObjects({"size": list(size), "counts": counts}, *size)["counts"].decode()

    part, corner = cropped(Rle(size=size, counts=packed))

    assert part.sum() == sum(counts[1::2])
    assert placed(part, corner, size).counts == packed


@pytest.mark.parametrize("corner", [(0, 0), (33, 0), (0, 57), (33, 57), (12, 20)])
def test_a_part_is_placed(corner: tuple[int, int]) -> None:
    part = (np.random.default_rng(2).random((7, 3)) < 0.6).astype(np.uint8)
    whole = np.zeros((40, 60), np.uint8)
    whole[corner[0] : corner[0] + 7, corner[1] : corner[1] + 3] = part

    assert placed(part, corner, (40, 60)).counts == cocos(whole)
