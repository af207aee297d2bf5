"""Splits that are made: by class, by seed, and with equal files kept together."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

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
        chosen.update({(label, content): split for content, split in _parted(own, ratios, seed).items()})
    return [chosen[pair] for pair in zip(labels, digests, strict=True)]


def by_group(groups: Sequence[str], ratios: Sequence[int], seed: int) -> list[Split]:
    """The split of each example, so that none of ``groups`` is in two; a ratio of 0 leaves that split empty.

    Raises:
        UsageError: there are too few groups.
    """
    parts = [split for split, ratio in zip(SPLITS, ratios, strict=True) if ratio]
    names = set(groups)
    if len(names) < len(parts):
        raise UsageError(f"{len(names)} speaker(s), {len(parts)} are needed, one for each of {', '.join(parts)}")
    chosen = _parted(names, ratios, seed)
    return [chosen[group] for group in groups]


def by_rarest_class(
    classes: Sequence[Collection[str]], digests: Sequence[str], ratios: Sequence[int], seed: int
) -> list[Split]:
    """`stratified` for images of many classes: each counts for the one in it that is in the fewest images.

    Classes of so few images that the smallest split's share of them is less than one are parted together.

    Raises:
        UsageError: too few different images.
    """
    held: dict[str, set[str]] = defaultdict(set)
    for own, digest in zip(classes, digests, strict=True):
        held[digest].update(own)
    images = Counter(name for own in held.values() for name in own)
    rarest = {digest: min(own, key=lambda name: (images[name], name), default="") for digest, own in held.items()}
    wanted = [ratio for ratio in ratios if ratio]
    if len(held) < len(wanted):
        raise UsageError(f"{len(held)} different image(s), {len(wanted)} are needed for as many splits; add more")
    sizes = Counter(rarest.values())
    enough = {name for name, size in sizes.items() if size * min(wanted) >= sum(wanted)}
    together = sum(size for name, size in sizes.items() if name not in enough)
    rest = max(enough, key=lambda name: (sizes[name], name)) if enough and together < len(wanted) else ""
    strata = {digest: name if name in enough else rest for digest, name in rarest.items()}
    return stratified([strata[digest] for digest in digests], digests, ratios, seed)


def completed(
    given: Sequence[Split | None],
    ratios: tuple[int, int, int],
    make: Callable[[Sequence[int], tuple[int, int, int]], list[Split]],
) -> tuple[list[Split], tuple[int, int, int]]:
    """The split of every example, and the ratios of those that were made: missing ones are taken from train.

    Args:
        given: splits; either all or none of them are known.
        ratios: of train, valid and test.
        make: parts the examples at some positions by ratios, of which those of given splits are 0.

    Raises:
        UsageError: splits are given for a part of the examples, or without train.
    """
    known = set(given)
    if known != {None} and (None in known or "train" not in known):
        raise UsageError(f"splits are given, but {'not for every file' if None in known else 'no train'}")
    splits: list[Split] = [split or "train" for split in given]
    valid, test = (0 if split in known else ratio for split, ratio in zip(SPLITS[1:], ratios[1:], strict=True))
    if not (valid or test):
        return splits, (0, 0, 0)
    movable = [number for number, split in enumerate(splits) if split == "train"]
    for number, split in zip(movable, make(movable, (ratios[0], valid, test)), strict=True):
        splits[number] = split
    return splits, (ratios[0], valid, test)


def described(made: tuple[int, int, int], by: str, seed: int) -> dict[Split, str]:
    """How each split came about, in words, from the ratios that `completed` gives."""
    how = f"{by}, seed {seed}, {':'.join(str(ratio) for ratio in made if ratio)}"
    return {split: how if ratio else "given" for split, ratio in zip(SPLITS, made, strict=True)}


def leaking(given: Sequence[Split | None], digests: Sequence[str]) -> dict[int, Split]:
    """Positions of examples whose content a later split has too, and that split: what train should not have seen."""
    rank = {split: number for number, split in enumerate(SPLITS)}
    last: dict[str, Split] = {}
    for split, digest in zip(given, digests, strict=True):
        if split is not None:
            last[digest] = max(last.get(digest, split), split, key=lambda name: rank[name])
    pairs = enumerate(zip(given, digests, strict=True))
    return {number: last[digest] for number, (split, digest) in pairs if split is not None and split != last[digest]}


def _by_label(labels: Sequence[str], digests: Sequence[str]) -> dict[str, set[str]]:
    contents: dict[str, set[str]] = defaultdict(set)
    for label, content in zip(labels, digests, strict=True):
        contents[label].add(content)
    return contents


def _parted(names: Collection[str], ratios: Sequence[int], seed: int) -> dict[str, Split]:
    """The split of each name, in proportion, in the order of SHA-256 over seed and name."""
    ordered = sorted(names, key=lambda name: sha256_bytes(f"{seed}:{name}".encode()))
    parts = [(split, ratio) for split, ratio in zip(SPLITS, ratios, strict=True) if ratio]
    sizes = _sizes(len(ordered), [ratio for _, ratio in parts])
    assigned = [split for (split, _), size in zip(parts, sizes, strict=True) for _ in range(size)]
    return dict(zip(ordered, assigned, strict=True))


def _sizes(count: int, ratios: Sequence[int]) -> list[int]:
    """``count`` in proportion to ``ratios``, at least one each; the first takes what rounding leaves."""
    later = [max(1, round(count * ratio / sum(ratios))) for ratio in ratios[1:]]
    while sum(later) >= count:
        later[later.index(max(later))] -= 1
    return [count - sum(later), *later]
