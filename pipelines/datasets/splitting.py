"""Splits that are made: by class, by seed, and with equal files kept together."""

from collections import defaultdict
from collections.abc import Sequence

from pipelines.datasets.dataset import SPLITS, Split
from tatara.core.errors import UsageError
from tatara.core.files import sha256_bytes


def stratified(labels: Sequence[str], digests: Sequence[str], ratios: Sequence[int], seed: int) -> list[Split]:
    """The split of each example, in proportion ``ratios`` (train, valid, test) within every class.

    The order within a class is that of SHA-256 over seed and content, so the same files fall the same way on every
    machine and library version; files of equal content stay in one split, since a test image seen in training would
    flatter the model. A ratio of 0 leaves that split empty; every other split gets at least one file of each class.

    Raises:
        UsageError: a class has too few different files.
    """
    chosen: dict[tuple[str, str], Split] = {}
    for label, own in sorted(_by_label(labels, digests).items()):
        parts = [split for split, ratio in zip(SPLITS, ratios, strict=True) if ratio]
        if len(own) < len(parts):
            raise UsageError(
                f"class {label!r} has {len(own)} different file(s), {len(parts)} are needed for {', '.join(parts)}; "
                "add more or leave the class out"
            )
        ordered = sorted(own, key=lambda content: sha256_bytes(f"{seed}:{content}".encode()))
        sizes = _sizes(len(ordered), [ratio for ratio in ratios if ratio])
        assigned = [split for split, size in zip(parts, sizes, strict=True) for _ in range(size)]
        chosen.update({(label, content): split for content, split in zip(ordered, assigned, strict=True)})
    return [chosen[pair] for pair in zip(labels, digests, strict=True)]


def _by_label(labels: Sequence[str], digests: Sequence[str]) -> dict[str, set[str]]:
    contents: dict[str, set[str]] = defaultdict(set)
    for label, content in zip(labels, digests, strict=True):
        contents[label].add(content)
    return contents


def _sizes(count: int, ratios: Sequence[int]) -> list[int]:
    """``count`` in proportion to ``ratios``, at least one each; the first takes what rounding leaves."""
    later = [max(1, round(count * ratio / sum(ratios))) for ratio in ratios[1:]]
    while sum(later) >= count:
        later[later.index(max(later))] -= 1
    return [count - sum(later), *later]
