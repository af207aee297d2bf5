"""The examples of one split, as validation saw them: every byte read is held to the digest in the run's tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.datasets.dataset import open_dataset
from pipelines.truth import LabelMask, Objects, Target, Truth, objects_of
from pipelines.workspace import Workspace
from tatara.core.contract import Preparation, Tiling
from tatara.core.errors import TataraError
from tatara.core.files import sha256_bytes
from tatara.core.modalities import image, modality_module
from tatara.core.tiling import Window, window_of, windows

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Example:
    """One image or sound of the dataset, or a window of an image.

    Attributes:
        path: relative to the dataset's ``folder``.
        label: of the image; empty where the truth says more.
        digest: SHA-256 of the file.
        folder: of the dataset.
        height, width: of an image, upright, in pixels; 0 of a sound.
        truth: what people marked, in the whole image.
        window: the part that is meant, or None for all of it.
    """

    path: str
    label: str
    digest: str
    folder: Path
    height: int
    width: int
    truth: Truth = None
    window: Window | None = None

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            TataraError: missing, or not the bytes that were validated.
        """
        try:
            content = (self.folder / self.path).read_bytes()
        except OSError as error:
            raise TataraError(f"{self.folder / self.path}: {error.strerror}; validate the dataset again") from None
        if sha256_bytes(content) != self.digest:
            raise TataraError(f"{self.folder / self.path}: changed since it was validated; validate the dataset again")
        return content

    def decoded(self, preparation: Preparation) -> NDArray[Any]:
        """What the preparation's graph takes: of an image, or the window of it, `pixels`.

        Raises:
            TataraError: as `read`.
            DecodeError: the file cannot be read.
        """
        found: NDArray[Any] = modality_module(preparation.modality).decoded(self.read(), preparation)
        return found if self.window is None else window_of(found, self.window)

    def pixels(self) -> NDArray[np.uint8]:
        """The decoded image, or the window of it, ``uint8 (height, width, 3)``.

        Raises:
            TataraError: as `read`.
            DecodeError: the file cannot be read.
        """
        decoded = image.decode(self.read())
        return decoded if self.window is None else window_of(decoded, self.window)

    def objects(self) -> Objects:
        """The marked objects, in the window's pixels.

        Raises:
            TataraError: the dataset has none.
        """
        if not isinstance(self.truth, Objects):
            raise TataraError(f"{self.folder / self.path}: no objects are marked there; see `tatara data list`")
        return self.truth if self.window is None else self.truth.within(self.window)

    def class_map(self, classes: Sequence[str]) -> NDArray[np.uint8]:
        """Position in ``classes`` of what each pixel shows ``uint8 (height, width)``, in the window's pixels.

        `pipelines.truth.IGNORE` where nothing is said. Marked objects lie before a background, which is position 0.

        Raises:
            TataraError: the dataset marks neither pixels nor objects, or a mask changed since it was validated.
        """
        if isinstance(self.truth, LabelMask):
            found = self.truth.read()
        else:
            found = replace(self, window=None).objects().class_map(classes)
        return found if self.window is None else window_of(found, self.window)

    def target(self) -> NDArray[np.uint8]:
        """The image that is to be made of this one, or the window of it, ``uint8 (height, width, 3)``.

        Raises:
            TataraError: the dataset has none, it is of another size, or it changed since it was validated.
        """
        if not isinstance(self.truth, Target):
            raise TataraError(f"{self.folder / self.path}: has no image to be made of it; see `tatara data list`")
        found = self.truth.read()
        if found.shape[:2] != (self.height, self.width):
            sizes = f"{found.shape[1]} x {found.shape[0]} pixels, its image {self.width} x {self.height}"
            raise TataraError(f"{self.truth.path}: is {sizes}; check the dataset")
        return found if self.window is None else window_of(found, self.window)

    def windows(self, tiling: Tiling | None) -> list["Example"]:
        """The windows that a tiling cuts the image into; the image itself where it is one window."""
        cut = windows(self.height, self.width, tiling)
        return [self] if len(cut) == 1 else [replace(self, window=window) for window in cut]


def split_examples(workspace: Workspace, split: str) -> list[Example]:
    """The examples of ``split`` in the order of the run's index (by path).

    Raises:
        TataraError: the run has not been validated, or the split is empty.
    """
    import pandas

    folder, stored = open_dataset(workspace.parameters("validate").data).folder, workspace.folder("validate")
    index = pandas.read_parquet(stored / "index.parquet")
    index = index[index["split"] == split]
    truths = _truths(folder, stored, index)
    sides = [index[name].astype(int) if name in index else [0] * len(index) for name in ("height", "width")]
    found = [
        Example(row.path, row.label, row.digest, folder, height, width, truths.get(row.path))
        for row, height, width in zip(index.itertuples(index=False), *sides, strict=True)
    ]
    if not found:
        raise TataraError(f"{folder}: the {split} split has no examples; `tatara data show {folder.name}` counts them")
    return found


def _truths(folder: Path, stored: Path, index: "pandas.DataFrame") -> dict[str, Truth]:
    """Path -> what is marked there, for kinds of data that mark more than a label."""
    import pandas

    if "mask" in index:
        rows = index[index["mask"].notna()]
        return {row.path: LabelMask(folder / row.mask, row.mask_digest) for row in rows.itertuples(index=False)}
    if "target" in index:
        rows = index[index["target"].notna()]
        return {row.path: Target(folder / row.target, row.target_digest) for row in rows.itertuples(index=False)}
    if not (stored / "objects.parquet").exists():
        return {}
    objects = pandas.read_parquet(stored / "objects.parquet")
    own, none = dict(iter(objects.groupby("path"))), objects[:0]
    return {
        row.path: objects_of(own.get(row.path, none), int(row.width), int(row.height))
        for row in index.itertuples(index=False)
    }


def diverse(examples: list[Example], count: int) -> list[Example]:
    """Up to ``count`` examples, one of each label in turn, spread evenly over each label's own."""
    by_label: dict[str, list[Example]] = {}
    for example in examples:
        by_label.setdefault(example.label, []).append(example)
    share = -(-count // len(by_label))
    spread = [group[:: max(1, len(group) // share)] for group in by_label.values()]
    turns = [group[turn] for turn in range(max(map(len, spread))) for group in spread if turn < len(group)]
    return turns[:count]
