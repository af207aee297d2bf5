"""A new dataset's folder from pairs of images: ``images/`` and ``targets/`` in each split."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.adopting import need_space
from pipelines.datasets.annotated import Repairs
from pipelines.datasets.dataset import IMAGES, PAIRS, SPLITS, TARGETS, Description, Split
from pipelines.datasets.filling import (
    Filled,
    Wishes,
    distinct_stems,
    given_splits,
    in_parallel,
    refuse_broken,
    without_leaks,
)
from pipelines.datasets.image_pairs import Making, Pair
from pipelines.datasets.measuring import Measurements, measure_content
from pipelines.datasets.splitting import completed, described, stratified
from pipelines.datasets.transforms import TRANSFORMS
from tatara.core.errors import UsageError
from tatara.core.modalities import image

BY = "by photo"


def fill_pairs(
    path: Path, folder: Path, name: str, pairs: Sequence[Pair], making: Making | None, wishes: Wishes, repairs: Repairs
) -> Filled:
    """Copy the pairs into ``folder``, the new dataset ``name``, or make them of photos.

    Raises:
        UsageError: a file cannot be read, or there are too few.
        TataraError: the disk is full.
    """
    usable, facts, broken = _usable(path, pairs, name, wishes, repairs)
    given = given_splits([one.split for one in usable])
    digests = [str(one.digest) for one in facts]
    kept = without_leaks(given, digests, [one.image for one in usable], repairs)
    usable, digests, given = [usable[n] for n in kept], [digests[n] for n in kept], [given[n] for n in kept]
    size = sum(facts[number].bytes for number in kept)
    need_space(2 * size)

    def make(positions: Sequence[int], ratios: tuple[int, int, int]) -> list[Split]:
        return stratified([PAIRS] * len(positions), [digests[n] for n in positions], ratios, wishes.seed)

    try:
        splits, made = completed(given, wishes.ratios, make)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    items = list(zip(usable, splits, distinct_stems([one.image for one in usable], splits), strict=True))
    in_parallel(lambda item: _write(folder, *item, making), items, f"{'make' if making else 'copy'} {name}")
    how = f"Made by the transform {making.transform}: {making.words}." if making else "Given as two folders."
    description = Description(
        modality="image", kind="image", format="image-pairs", splits=described(made, BY, wishes.seed),
        licence=wishes.licence, source=wishes.source, notes=how,
    )  # fmt: skip
    files: dict[str, int] = {split: splits.count(split) for split in SPLITS}
    return Filled(description, files, {split: {PAIRS: files[split]} for split in SPLITS}, size, broken)


def _usable(
    path: Path, pairs: Sequence[Pair], name: str, wishes: Wishes, repairs: Repairs
) -> tuple[list[Pair], list[Measurements], list[str]]:
    """The pairs whose files decode, what is known of their images, and a line for each that does not decode."""
    files = list(dict.fromkeys(file for pair in pairs for file in (pair.image, pair.target)))
    known = dict(
        zip(files, in_parallel(lambda file: measure_content(file.read_bytes()), files, f"read {name}"), strict=True)
    )
    broken = [f"{file}: {one.decode_error}" for file, one in known.items() if one.decode_error]
    refuse_broken(path, broken, wishes.skip_broken or repairs.allowed)
    usable = [pair for pair in pairs if not any(known[file].decode_error for file in (pair.image, pair.target))]
    if not usable:
        raise UsageError(f"{path}: no image is left that can be used")
    return usable, [known[pair.image] for pair in usable], broken


def _write(folder: Path, pair: Pair, split: Split, stem: str, making: Making | None) -> None:
    places = {name: folder / split / name for name in (IMAGES, TARGETS)}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    if making is None:
        shutil.copyfile(pair.image, places[IMAGES] / f"{stem}{pair.image.suffix}")
        shutil.copyfile(pair.target, places[TARGETS] / f"{stem}{pair.target.suffix}")
        return
    pixels, scaled = _scaled(image.decode(pair.image.read_bytes()), making.longest)
    photo, transformed = (TARGETS, IMAGES) if making.target == "photo" else (IMAGES, TARGETS)
    if scaled:
        _save(places[photo] / f"{stem}.png", pixels)
    else:
        shutil.copyfile(pair.image, places[photo] / f"{stem}{pair.image.suffix}")
    _save(places[transformed] / f"{stem}.png", TRANSFORMS[making.transform](pixels))


def _scaled(pixels: NDArray[np.uint8], longest: int) -> tuple[NDArray[np.uint8], bool]:
    """The photo with a longer side of at most ``longest``, and whether it was scaled to it."""
    from PIL import Image

    height, width, _ = pixels.shape
    if not longest or max(height, width) <= longest:
        return pixels, False
    size = tuple(max(1, round(side * longest / max(height, width))) for side in (width, height))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)), True


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path, "PNG")
