"""Splits that are made, against counts worked out by hand."""

from collections import Counter

import pytest

from pipelines.datasets.splitting import stratified
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
