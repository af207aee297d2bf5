"""A picture of examples that were added and relabelled, as they lie in the dataset now."""

import io
from pathlib import Path

from PIL import Image

from pipelines.evidence.data_changes import Change, DataChanges
from tatara.core.drawing import captioned, fit, grid
from tatara.core.errors import DecodeError
from tatara.core.files import sha256_bytes, write_bytes
from tatara.core.modalities.image import decode

SHOWN, SIDE = 12, 160
"""Examples of each kind of change, and the side of their pictures."""


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
    stream = io.BytesIO()
    grid(captioned(pictures, captions), counts, columns=6).save(stream, "PNG")
    write_bytes(path, stream.getvalue())
    return True


def _picture(file: Path, digest: str) -> Image.Image | None:
    try:
        content = file.read_bytes()
        return fit(decode(content), SIDE) if sha256_bytes(content) == digest else None
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
