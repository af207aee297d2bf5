"""The embedded photos: the same bytes again, a photo in one split alone, and grey beside colour."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from pipelines.datasets.dataset import SPLITS, read_description
from pipelines.datasets.photos import PHOTOS, SIDE, make
from pipelines.datasets.revision import folder_revision
from tatara.core.modalities.image import decode


@pytest.fixture(scope="module")
def photos(module_project: Path) -> Path:
    return module_project / "data" / "photos"


def test_made_again_they_are_the_tracked_ones(photos: Path, tmp_path: Path) -> None:
    make(tmp_path / "again")
    assert folder_revision(tmp_path / "again") == folder_revision(photos)
    assert sum(file.stat().st_size for file in photos.rglob("*") if file.is_file()) < 3_000_000
    assert read_description(photos / "dataset.yaml").kind == "image"


def test_every_photo_is_in_one_split_with_its_terms_and_the_stereo_pair_stays_together(photos: Path) -> None:
    splits, licences = defaultdict(set), defaultdict(set)
    with (photos / "columns.csv").open() as file:
        for row in csv.DictReader(file):
            splits[row["photo"]].add(row["path"].split("/")[0])
            licences[row["photo"]].add(row["licence"])
            assert (photos / row["path"]).is_file()
    assert {photo: len(own) for photo, own in splits.items()} == {Path(photo.file).stem: 1 for photo in PHOTOS}
    assert splits["motorcycle_left"] == splits["motorcycle_right"]
    assert all(len(own) == 1 and "" not in own for own in licences.values())


def test_grey_is_made_of_the_colour_beside_it(photos: Path) -> None:
    for split in SPLITS:
        images = sorted((photos / split / "images").iterdir())
        assert [path.name for path in images] == sorted(path.name for path in (photos / split / "targets").iterdir())
        for path in images:
            image, target = decode(path.read_bytes()), decode((photos / split / "targets" / path.name).read_bytes())
            assert image.shape == target.shape == (SIDE, SIDE, 3)
            luma = target @ np.array([0.299, 0.587, 0.114])
            np.testing.assert_allclose(image[..., 0], luma, atol=0.5 + 1e-9)
