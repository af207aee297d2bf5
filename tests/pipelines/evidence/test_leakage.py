"""Test examples that were learned from, whatever they are called."""

import pandas

from pipelines.evidence.leakage import leakage
from registry.evidence import SHOWN


def _index(*rows: tuple[str, str, str | None]) -> pandas.DataFrame:
    return pandas.DataFrame(rows, columns=["path", "split", "digest"])


OWN = _index(
    ("train/a.png", "train", "1"), ("valid/b.png", "valid", "2"), ("test/c.png", "test", "1"),
    ("test/d.png", "test", "3"), ("test/e.png", "test", None),
)  # fmt: skip


def test_a_copy_in_the_own_training_data_is_found_by_its_content() -> None:
    found = leakage(OWN, None)
    assert (found.own, found.own_count) == (("test/c.png",), 1)
    assert (found.champion, found.champion_count) == (None, None)


def test_what_the_champion_learned_from_is_no_test_for_it() -> None:
    before = _index(("train/x.png", "train", "3"), ("valid/y.png", "valid", "1"), ("test/z.png", "test", "2"),
                    ("train/broken.png", "train", None))  # fmt: skip
    found = leakage(OWN, before)
    assert (found.champion, found.champion_count) == (("test/c.png", "test/d.png"), 2)


def test_of_many_the_first_are_named_and_all_are_counted() -> None:
    rows = [(f"{split}/{at:03}.png", split, str(at)) for at in range(50) for split in ("train", "test")]
    found = leakage(_index(*rows), None)
    assert found.own_count == 50
    assert list(found.own) == [f"test/{at:03}.png" for at in range(SHOWN)]
