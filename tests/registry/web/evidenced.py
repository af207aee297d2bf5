"""What the check step leaves beside its evidence: images with both answers, changes of the data, plots and figures."""

import io
from typing import Any

from PIL import Image

from registry.store import client
from tatara.core.files import write_bytes, write_json
from tatara.core.home import state_root
from tests.registry.cases import NAME, run_of


def png(colour: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


def shown(
    path: str = "test/8/0.png", truth: str = "8", answer: str = "3  61.0%   8 30.0%", **more: Any
) -> dict[str, Any]:
    told = {"model": "colours/2", "answer": answer, "quality": 0.3, "picture": "gallery/01.challenger.png"}
    other = {
        **told,
        "model": "colours/1",
        "answer": "8  88.0%   3 9.0%",
        "quality": 0.88,
        "picture": "gallery/01.champion.png",
    }
    return {"path": path, "digest": "1" * 64, "truth": truth, "slices": ["label: 8"], "picture": "gallery/01.truth.png",
            "challenger": told, "champion": other, **more}  # fmt: skip


def changed(labels: str = "8", path: str = "train/8/9.png") -> dict[str, Any]:
    one = {"path": path, "digest": "2" * 64, "split": "train", "before_split": "train", "labels": labels, "before": "3",
           "picture": "changes/2222222222222222.png"}  # fmt: skip
    counts = {"added": 0, "removed": 0, "relabelled": 1, "moved": 0, "same": 9}
    return {"revision": "a" * 64, "before": "b" * 64, "counts": counts, "by_split": {"train": [9, 9]},
            "by_class": {labels: [3, 4]}, "changes": {"relabelled": [one]}}  # fmt: skip


def leave(
    version: str, gallery: list[dict[str, Any]], changes: dict[str, Any] | None = None, name: str = NAME, **more: Any
) -> None:
    """Log it all to the version's run, before `cases.checked` reads the digests.

    Args:
        more: path among the artifacts, with ``__`` for ``/`` -> what its JSON file says.
    """
    run_id = run_of(version, name)
    folder = state_root() / "left" / run_id
    write_json(folder / "check" / "gallery.json", gallery)
    for role, colour in (("truth", "gray"), ("challenger", "red"), ("champion", "blue")):
        write_bytes(folder / "check" / "gallery" / f"01.{role}.png", png(colour))
    if changes is not None:
        write_json(folder / "check" / "data_changes.json", changes)
        write_bytes(folder / "check" / "changes" / "2222222222222222.png", png("green"))
    write_bytes(folder / "evaluate" / "plots" / "confusion.png", png("white"))
    metrics = {
        "accuracy": {"value": 0.91, "low": 0.88, "high": 0.94},
        "log_loss": {"value": 0.3, "low": 0.2, "high": 0.4},
    }
    write_json(folder / "evaluate" / "metrics.json", metrics)
    for path, value in more.items():
        write_json(folder / f"{path.replace('__', '/')}.json", value)
    for part in sorted(one.name for one in folder.iterdir()):
        client().log_artifacts(run_id, str(folder / part), part)
