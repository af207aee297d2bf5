"""What the test split is cut by."""

import numpy as np
import pandas

from pipelines.evidence.columns import columns


def _index(**more: object) -> pandas.DataFrame:
    values: dict[str, object] = {
        "path": [f"test/{at}.png" for at in range(9)], "split": "test", "label": list("abcabcabc"),
        "digest": [f"{8 - at}" for at in range(9)], "width": 10.0, "height": 10.0, "mode": "RGB",
        "brightness_mean": np.arange(9.0), "decode_error": None, "perceptual_hash": list("012345678"),
    }  # fmt: skip
    return pandas.DataFrame({**values, **more})


ORDER = [str(at) for at in range(9)]


def test_brightness_is_cut_in_terciles_in_the_order_that_is_asked_for() -> None:
    found = columns(_index(), ORDER, sizes=True)
    assert set(found) == {("brightness", name) for name in ("dark", "middling", "bright")}
    assert found["brightness", "bright"].tolist() == [True] * 3 + [False] * 6
    assert found["brightness", "dark"].tolist() == [False] * 6 + [True] * 3


def test_sizes_only_where_they_are_asked_for_and_differ() -> None:
    sized = _index(width=[1.0, 2, 3, 4, 5, 6, 7, 8, 9])
    assert ("size", "small") in columns(sized, ORDER, sizes=True)
    assert ("size", "small") not in columns(sized, ORDER, sizes=False)


def test_a_column_of_few_words_cuts_too() -> None:
    found = columns(_index(camera=list("xyxyxyxyx")), ORDER, sizes=True)
    assert found["camera", "x"].sum() == 5
    assert not (found["camera", "x"] & found["camera", "y"]).any()
    for other in (["only"] * 9, [*"abcdefgh", 3], np.arange(9)):
        assert not any(column == "camera" for column, _ in columns(_index(camera=other), ORDER, sizes=True))


def test_a_column_of_many_numbers_is_cut_in_terciles() -> None:
    many = pandas.concat([_index()] * 3, ignore_index=True)
    many["digest"] = [str(at) for at in range(27)]
    many["year"] = [None, *(str(1990 + at) for at in range(26))]
    found = columns(many, list(many["digest"]), sizes=True)
    assert found["year", "low"].nonzero()[0].tolist() == list(range(1, 10))
    assert sum(found["year", part].sum() for part in ("low", "middle", "high")) == 26
    many["year"] = ["inf", *(str(at) for at in range(26))]
    assert ("year", "low") not in columns(many, list(many["digest"]), sizes=True)


def test_many_words_and_names_cut_nothing() -> None:
    many = pandas.concat([_index()] * 3, ignore_index=True)
    many["digest"] = [str(at) for at in range(27)]
    many["note"] = [f"note {at}" for at in range(27)]
    found = columns(many, [str(at) for at in range(27)], sizes=True)
    assert {column for column, _ in found} == {"brightness"}


def test_a_column_that_begins_as_those_of_pairs_do_cuts_too() -> None:
    found = columns(
        _index(target_site=list("xyxyxyxyx"), target=["a", "b", "c", "d", "e", "f", "g", "h", "i"]), ORDER, sizes=True
    )
    assert found["target_site", "x"].sum() == 5
    assert not any(column == "target" for column, _ in found)
