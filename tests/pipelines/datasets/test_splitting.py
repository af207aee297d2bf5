"""Splits that are made, against counts worked out by hand."""

from collections import Counter
from collections.abc import Sequence

import pytest

from pipelines.datasets.dataset import Split
from pipelines.datasets.splitting import by_rarest_class, completed, leaking, stratified
from tatara.core.errors import UsageError

SIZES = [(10, (8, 1, 1)), (3, (1, 1, 1)), (4, (2, 1, 1)), (25, (21, 2, 2)), (100, (80, 10, 10)), (183, (147, 18, 18))]


@pytest.mark.parametrize(("count", "expected"), SIZES)
def test_each_class_is_parted_by_the_ratios(count: int, expected: tuple[int, int, int]) -> None:
    splits = Counter(stratified(["a"] * count, [str(n) for n in range(count)], (8, 1, 1), seed=0))
    assert (splits["train"], splits["valid"], splits["test"]) == expected


def test_a_split_of_ratio_nought_stays_empty() -> None:
    assert Counter(stratified(["a"] * 9, [str(n) for n in range(9)], (8, 1, 0), 0)) == {"train": 8, "valid": 1}


def test_too_few_different_files_are_refused() -> None:
    with pytest.raises(UsageError, match=r"class 'b' has 2 different file\(s\), 3 are needed"):
        stratified(["a"] * 5 + ["b"] * 3, ["1", "2", "3", "4", "5", "6", "7", "7"], (8, 1, 1), 0)


def test_equal_files_stay_together() -> None:
    digests = [str(n % 10) for n in range(40)]
    splits = stratified(["a"] * 40, digests, (8, 1, 1), 0)
    assert all(len({s for s, d in zip(splits, digests, strict=True) if d == one}) == 1 for one in set(digests))


def test_order_and_other_classes_change_nothing_and_the_seed_does() -> None:
    labels, digests = ["a"] * 50, [str(n) for n in range(50)]
    splits = stratified(labels, digests, (8, 1, 1), 0)
    backwards = stratified(labels, digests[::-1], (8, 1, 1), 0)
    assert splits == backwards[::-1]
    assert stratified([*labels, *"bbb"], [*digests, "x", "y", "z"], (8, 1, 1), 0)[:50] == splits
    assert stratified(labels, digests, (8, 1, 1), 1) != splits


def test_images_of_many_classes_count_for_their_rarest() -> None:
    classes = [["cell"]] * 60 + [["cell", "bacterium"]] * 20 + [["cell", "bacterium", "worm"]] * 10 + [[]] * 10
    digests = [str(number) for number in range(100)]
    splits = by_rarest_class(classes, digests, (8, 1, 1), 0)
    for start, stop in ((0, 60), (60, 80), (80, 90), (90, 100)):
        size = stop - start
        assert Counter(splits[start:stop]) == {"train": size * 8 // 10, "valid": size // 10, "test": size // 10}
    backwards = by_rarest_class(classes[::-1], digests[::-1], (8, 1, 1), 0)
    assert backwards == splits[::-1]
    assert by_rarest_class(classes, digests, (8, 1, 1), 1) != splits


def test_classes_of_few_images_are_parted_together() -> None:
    classes = [["common"]] * 90 + [[f"rare {number}"] for number in range(10)]
    splits = by_rarest_class(classes, [str(number) for number in range(100)], (8, 1, 1), 0)
    assert Counter(splits[90:]) == {"train": 8, "valid": 1, "test": 1}
    splits = by_rarest_class(classes[:92], [str(number) for number in range(92)], (8, 1, 1), 0)
    assert Counter(splits) == {"train": 74, "valid": 9, "test": 9}
    assert Counter(by_rarest_class([["a"], ["b"], ["c"]], ["1", "2", "3"], (8, 1, 1), 0)) == dict.fromkeys(
        ("train", "valid", "test"), 1
    )
    with pytest.raises(UsageError, match=r"2 different image\(s\), 3 are needed"):
        by_rarest_class([["a"], ["b"], ["c"]], ["1", "2", "2"], (8, 1, 1), 0)


def test_equal_images_stay_together_whatever_is_marked_in_them() -> None:
    classes = [["a"]] * 40 + [["b"]] * 40
    splits = by_rarest_class(classes, [str(number % 40) for number in range(80)], (2, 1, 1), 0)
    assert splits[:40] == splits[40:]


def test_what_train_shares_with_later_splits() -> None:
    given = ["train", "valid", "test", "train", "valid", "test", "test", "train"]
    assert leaking(given, ["x", "x", "x", "y", "y", "z", "z", "w"]) == {0: "test", 1: "test", 3: "valid"}
    assert leaking([None, None], ["x", "x"]) == {}


def test_missing_splits_are_taken_from_train() -> None:
    def make(positions: Sequence[int], ratios: tuple[int, int, int]) -> list[Split]:
        assert (list(positions), ratios) == ([0, 2], (8, 1, 0))
        return ["train", "valid"]

    assert completed(["train", "test", "train"], (8, 1, 1), make) == (["train", "test", "valid"], (8, 1, 0))
    for given, expected in ((["train", None], "not for every file"), (["valid", "test"], "no train")):
        with pytest.raises(UsageError, match=expected):
            completed(given, (8, 1, 1), make)
