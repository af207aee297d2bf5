import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas
import pytest
from PIL import Image

from pipelines.validation.report import lines, publish, write_report
from tatara.core.contract import Bound
from tatara.core.files import tree

HOSTILE = "<script>alert(1)</script>.png"


class Resources(HTMLParser):
    """Collects every address and every tag's name in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


@pytest.fixture
def spoiled(pets, checked):
    shutil.copy(pets.folder / "train/dog/2.png", pets.folder / "test/dog/犬 2.png")
    Image.new("L", (16, 16)).save(pets.folder / "train/cat" / HOSTILE.replace("/", "\u2215"))
    shutil.copy(pets.folder / "train/dog/1.png", pets.folder / "train/cat/dog.png")
    Image.open(pets.folder / "train/dog/3.png").save(pets.folder / "valid/dog/near.webp", lossless=True)
    return checked()


def test_the_report_is_complete(pets, spoiled, tmp_path: Path):
    write_report(spoiled, pets, tmp_path / "report")
    assert set(tree(tmp_path / "report")) == {
        "result.json", "bounds.json", "failing.csv", "near_duplicates.csv", "data_docs/index.html",
    }  # fmt: skip
    result = json.loads((tmp_path / "report" / "result.json").read_text())
    assert result["success"] is False
    assert result["revision"] == spoiled.revision
    rule = next(rule for rule in result["rules"] if rule["rule"] == "unique_across_splits")
    assert (rule["success"], rule["severity"], rule["failing"], rule["column"]) == (
        False,
        "critical",
        1,
        "duplicate_of",
    )
    bounds = [Bound(**bound) for bound in json.loads((tmp_path / "report" / "bounds.json").read_text())]
    assert tuple(bounds) == spoiled.bounds
    failing = pandas.read_csv(tmp_path / "report" / "failing.csv")
    assert failing["file"].to_list() == spoiled.failing["file"].to_list()
    near = pandas.read_csv(tmp_path / "report" / "near_duplicates.csv")
    assert near.to_dict("records") == [{"file": "valid/dog/near.webp", "near": "train/dog/3.png", "distance": 0}]


def test_the_page_needs_no_network_and_runs_no_script(pets, spoiled, tmp_path: Path):
    write_report(spoiled, pets, tmp_path)
    text = (tmp_path / "data_docs" / "index.html").read_text(encoding="utf-8")
    page = Resources()
    page.feed(text)
    assert "img" in page.tags
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not re.search(r"https?://|url\(|@import|//[a-z]+\.", text)


def test_the_page_shows_what_fails_with_pictures_and_hostile_names_as_text(pets, spoiled, tmp_path: Path):
    write_report(spoiled, pets, tmp_path)
    text = (tmp_path / "data_docs" / "index.html").read_text(encoding="utf-8")
    assert "Not fit to train on" in text
    assert "犬 2.png" in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.index("unique_across_splits") < text.index("Files by class and split")


def test_the_same_result_gives_the_same_bytes(pets, checked, tmp_path: Path):
    write_report(checked(), pets, tmp_path / "a")
    write_report(checked(), pets, tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_lines_give_failing_rows_first_then_the_rules_then_the_verdict(spoiled):
    said = lines(spoiled)
    assert said[0] == "critical  test/dog/犬 2.png  unique_across_splits  train/dog/2.png"
    assert said.index("") == len(spoiled.failing)
    assert sum(line.startswith(("ok ", "FAILED ", "warning  ")) for line in said[said.index("") :]) == 16
    assert said[-1].startswith("pets: not fit to train on (classification.json, revision ")


def test_lines_shorten_long_lists_and_say_so(pets, checked):
    for path in pets.folder.glob("train/*/*.png"):
        path.write_bytes(path.read_bytes()[:60])
    said = lines(checked(), shown=5)
    assert sum("  decodes  " in line for line in said[: said.index("")]) == 5
    assert any("and 7 more of decodes" in line for line in said)


def test_publish_replaces_the_last_report(pets, checked, tmp_path: Path):
    first = publish(checked(), pets)
    (first.parent / "left.txt").touch()
    page = publish(checked(), pets)
    assert page == tmp_path / "state" / "data_docs" / "pets" / "data_docs" / "index.html"
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    assert "Fit to train on" in page.read_text(encoding="utf-8")
