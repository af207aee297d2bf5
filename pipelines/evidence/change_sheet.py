"""Pictures of examples that were added and relabelled, as they lie in the dataset now: a sheet, and one of each."""

import io
from pathlib import Path

from PIL import Image

from pipelines.evidence.data_changes import Change, DataChanges
from tatara.core.drawing import captioned, fit, grid
from tatara.core.errors import DecodeError
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.modalities import shown

SHOWN, SIDE = 12, 160
"""Examples of each kind of change on the sheet, and the side of their pictures."""
FOLDER, SINGLE = "changes", 24
"""Of the pictures of one example each, and their number for each kind of change."""


def save_change_sheet(changes: DataChanges, folder: Path, path: Path) -> bool:
    """Write the sheet as PNG; False, and no file, where nothing that changed can be shown.

    What was removed is shown where the dataset still has the file, as it does not after a checkout.

    Args:
        changes: to show.
        folder: of the dataset.
        path: of the PNG.
    """
    pictures, captions = [], []
    for name in ("relabelled", "added", "removed", "moved"):
        for change in changes.changes[name][:SHOWN]:
            if (picture := _picture(folder / change.path, change.digest)) is not None:
                pictures.append(picture)
                captions.append(_caption(name, change))
    if not pictures:
        return False
    counts = ", ".join(f"{count:,} {name}" for name, count in changes.counts.items())
    _save(grid(captioned(pictures, captions), counts, columns=6), path)
    return True


def with_pictures(changes: DataChanges, dataset: Path, folder: Path) -> DataChanges:
    """``changes`` with a PNG file ``changes/DIGEST.png`` for the first `SINGLE` of each kind that the dataset has.

    Args:
        changes: to show.
        dataset: its folder.
        folder: of the check step.
    """
    drawn = {}
    for name, group in changes.changes.items():
        drawn[name] = tuple(_drawn(one, dataset, folder) for one in group[:SINGLE]) + group[SINGLE:]
    return changes.model_copy(update={"changes": drawn})


def _drawn(change: Change, dataset: Path, folder: Path) -> Change:
    picture = _picture(dataset / change.path, change.digest)
    if picture is None:
        return change
    name = f"{FOLDER}/{change.digest[:16]}.png"
    _save(picture, folder / name)
    return change.model_copy(update={"picture": name})


def _save(picture: Image.Image, path: Path) -> None:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    write_bytes(path, stream.getvalue())


def _picture(file: Path, digest: str) -> Image.Image | None:
    try:
        content = file.read_bytes()
        return fit(shown(file, content), SIDE) if sha256_bytes(content) == digest else None
    except (OSError, DecodeError):
        return None


def _caption(name: str, change: Change) -> str:
    words = {
        "relabelled": f"{change.before} → {change.labels}",
        "added": f"+ {change.labels}",
        "removed": f"- {change.before}",
        "moved": f"{change.before_split} → {change.split}",
    }
    return words[name]
