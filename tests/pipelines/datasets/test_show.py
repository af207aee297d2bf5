"""What a dataset holds, and its picture."""

from pathlib import Path

from PIL import Image

from pipelines.datasets.show import list_datasets, show
from tests.pipelines.datasets.images import write_dataset


def test_list_and_show(tiny_project: Path) -> None:
    dataset = write_dataset(tiny_project / "data" / "動物", ("犬", "a cat"))
    (dataset.folder / "test" / "犬" / "bad.png").write_bytes(b"")
    tiny, animals = list_datasets()
    assert tiny["name"] == "tiny"
    assert tiny["files"] == {"train": 4, "valid": 4, "test": 4}
    assert animals["files"] == {"train": 4, "valid": 4, "test": 5}

    shown = show("動物")
    assert shown["revision"] == animals["revision"]
    assert shown["counts"]["test"] == {"犬": 3, "a cat": 2}
    assert shown["undecodable"] == ["test/犬/bad.png"]
    assert shown["width"] == {"min": 12, "median": 12, "max": 12}
    assert shown["modes"] == {"RGB": 12}
    picture = Path(shown["picture"])
    assert picture.is_relative_to(tiny_project / ".tatara")
    first = picture.read_bytes()
    with Image.open(picture) as image:
        assert image.width > image.height > 200
    assert Path(show("動物")["picture"]).read_bytes() == first
