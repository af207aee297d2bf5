"""`tatara data add` of pairs: made of photos or given as two folders; or one line and no trace."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.datasets.add import add
from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.revision import revision
from pipelines.datasets.show import show
from pipelines.datasets.transforms import TRANSFORMS
from pipelines.validation.check import check
from tatara.core.errors import UsageError
from tatara.core.modalities.image import decode
from tests.pipelines.datasets.test_add import state, up_to_date


def photo(path: Path, seed: int, size: tuple[int, int] = (40, 30), **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    corners = np.random.default_rng(seed).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    Image.fromarray(corners).resize(size, Image.Resampling.BICUBIC).save(path, **options)


def photos(folder: Path, count: int = 10) -> Path:
    for number in range(count):
        photo(folder / f"{number}.jpg", number, quality=95)
    return folder


@pytest.mark.parametrize("target", ["photo", "transformed"])
def test_pairs_are_made_of_photos_and_split_by_them(tiny_project: Path, tmp_path: Path, target: str) -> None:
    source = photos(tmp_path / "写真")
    (source / "README.txt").write_text("words")
    turned = Image.open(source / "3.jpg")
    exif = turned.getexif()
    exif[274] = 6
    turned.save(source / "3.jpg", exif=exif)
    report = add(source, "drawn", kind="image", transform="dilation", target=target, ratios=(3, 1, 1), licence="CC0")
    assert report.files == {"train": 6, "valid": 2, "test": 2}
    assert report.skipped == ["README.txt"]
    dataset = open_dataset("drawn")
    assert (dataset.description.kind, dataset.description.classes) == ("image", ())
    assert "dilation" in str(dataset.description.notes)
    assert revision(dataset) == report.revision == show("drawn")["revision"]
    index = build_index(dataset)
    assert check(dataset, index).success
    assert up_to_date(tiny_project)
    for row in index.itertuples():
        image, made = ((dataset.folder / path).read_bytes() for path in (row.path, row.target))
        kept, lines = (made, image) if target == "photo" else (image, made)
        assert kept == (source / f"{Path(row.path).stem}.jpg").read_bytes()
        np.testing.assert_array_equal(decode(lines)[..., 0], TRANSFORMS["dilation"](decode(kept)))
    assert Path(show("drawn")["picture"]).stat().st_size > 1000


def test_large_photos_are_scaled_down(tiny_project: Path, tmp_path: Path) -> None:
    source = photos(tmp_path / "photos")
    photo(source / "large.png", 99, (300, 120))
    add(source, "small", kind="image", transform="grey", longest=64, ratios=(3, 1, 1))
    dataset = open_dataset("small")
    index = build_index(dataset).set_index("path")
    (row,) = [index.loc[path] for path in index.index if "large" in path]
    assert (row["width"], row["height"], row["target_width"], row["target_height"]) == (64, 26, 64, 26)
    assert check(dataset, build_index(dataset)).success


@pytest.mark.parametrize(("images", "targets"), [("images", "targets"), ("A", "B"), ("input", "output")])
def test_two_folders_pair_by_name_whatever_the_format(
    tiny_project: Path, tmp_path: Path, images: str, targets: str
) -> None:
    for split, count in (("train", 4), ("val", 2), ("test", 2)):
        for number in range(count):
            seed = len(split) * 100 + number
            photo(tmp_path / "pairs" / split / images / f"{number}.png", seed)
            photo(tmp_path / "pairs" / split / targets / f"{number}.jpg", seed + 50)
    report = add(tmp_path / "pairs", "given", kind="image")
    assert report.files == {"train": 4, "valid": 2, "test": 2}
    dataset = open_dataset("given")
    index = build_index(dataset)
    assert index["path"].str.contains("/images/").all()
    assert index["target"].tolist() == [
        path.replace("images", "targets").replace("png", "jpg") for path in index["path"]
    ]
    assert check(dataset, index).success


def test_a_refusal_leaves_no_trace(tiny_project: Path, tmp_path: Path) -> None:
    source, lone = photos(tmp_path / "photos"), tmp_path / "lone"
    for number in range(4):
        photo(lone / "images" / f"{number}.png", number)
        photo(lone / "targets" / f"{number + 1}.png", number)
    cut = photos(tmp_path / "cut")
    (cut / "1.jpg").write_bytes((cut / "1.jpg").read_bytes()[:200])
    (tmp_path / "empty").mkdir()
    before = state(tiny_project)
    given: dict[str, Any]
    for path, given, expected in [
        (source, {"kind": "image"}, "no two folders of images with the same names"),
        (source, {"kind": "image", "transform": "sketch"}, "transform=sketch: none of grey, dilation, xdog, canny"),
        (source, {"kind": "image", "transform": "grey", "target": "lines"}, "target=lines"),
        (source, {"kind": "image", "transform": "grey", "longest": 3}, "longest=3: 8 pixels at least"),
        (source, {"kind": "image", "target": "photo"}, "add transform="),
        (source, {"kind": "image", "transform": "grey", "classes": ("a",)}, "kind=image has none"),
        (source, {"transform": "grey"}, "transform= makes pairs of images; add kind=image"),
        (lone, {"kind": "image"}, "0.png: has no target"),
        (cut, {"kind": "image", "transform": "grey"}, "1 file(s) cannot be read"),
        (tmp_path / "empty", {"kind": "image", "transform": "grey"}, "no image there"),
        (tmp_path / "gone", {"kind": "image", "transform": "grey"}, "no such folder"),
        (photos(tmp_path / "few", 2), {"kind": "image", "transform": "grey"}, "few: class 'pairs' has 2 different"),
    ]:
        with pytest.raises(UsageError) as caught:
            add(path, "mine", **given)
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)
    assert state(tiny_project) == before


def test_what_cannot_be_used_is_left_out_where_that_is_allowed(tiny_project: Path, tmp_path: Path) -> None:
    for number in range(8):
        photo(tmp_path / "pairs" / "images" / f"{number}.png", number)
        photo(tmp_path / "pairs" / "targets" / f"{number}.png", number + 50)
    (tmp_path / "pairs" / "targets" / "7.png").unlink()
    (tmp_path / "pairs" / "targets" / "6.png").write_bytes(b"no image")
    report = add(tmp_path / "pairs", "mended", kind="image", repair=True, ratios=(3, 1, 1))
    assert sum(report.files.values()) == 6
    assert [line.split("/")[-1].split(":")[0] for line in report.changes] == ["7.png"]
    assert len(report.left_out) == 1
