"""The same images with both models' answers drawn, those first on which the challenger lost most."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.datasets.drawn_truth import draw_label_mask, draw_objects, draw_pair
from pipelines.evidence.model import Model
from pipelines.examples import Example
from pipelines.metrics.judged import Judged
from pipelines.truth import LabelMask, Objects, Target
from registry.evidence import Slice
from tatara.core.contract import Strict
from tatara.core.drawing import fit
from tatara.core.files import write_bytes, write_json
from tatara.core.modalities import shown
from tatara.core.progress import progress

FOLDER = "gallery"
SHOWN, OF_SLICE, SLICES = 12, 2, 4
"""Images in all, of each slice, and slices that have theirs, the greatest harm first."""
SIDE = 480


class Told(Strict):
    """One model's answer: in one line, how well it did (higher is better), and its picture."""

    model: str
    answer: str
    quality: float
    picture: str


class Shown(Strict):
    """One image of the gallery.

    Attributes:
        path, digest: of the file.
        truth: in words.
        slices: of those that lost, which it is named in, such as ``label: 8``.
        picture: with what people marked, the image itself where that is a label.
        challenger: its answer.
        champion: its answer, None where there is no champion.
    """

    path: str
    digest: str
    truth: str
    slices: tuple[str, ...]
    picture: str
    challenger: Told
    champion: Told | None


def save_gallery(
    folder: Path, models: Sequence[Model], judged: Sequence[Judged], slices: Sequence[Slice], files: dict[str, Example]
) -> list[Shown]:
    """Write ``gallery.json`` and ``gallery/<number>.<truth|challenger|champion>.png``, and give what it holds.

    Without a champion the images are those that the challenger answered worst.

    Args:
        folder: of the check step.
        models: the challenger, and the champion where there is one.
        judged: the answers of each, the same examples in the same order.
        slices: those that lost most first.
        files: path -> example.
    """
    chosen = _chosen(judged, slices)
    found = []
    for number, at in enumerate(progress(chosen, len(chosen), "check: gallery"), 1):
        example = files[judged[0].paths[at]]
        content = example.read()
        picture = shown(example.path, content)
        told = [
            _told(folder, f"{FOLDER}/{number:02}.{role}.png", one, (content, picture), float(answers.quality[at]))
            for role, one, answers in zip(("challenger", "champion"), models, judged, strict=False)
        ]
        words, marked = _truth(example, picture, models[0].runtime.contract.labels)
        truth = f"{FOLDER}/{number:02}.truth.png"
        _save(folder / truth, marked)
        found.append(
            Shown(
                path=example.path, digest=example.digest, truth=words, picture=truth,
                slices=tuple(f"{one.column}: {one.value}" for one in slices if example.path in one.worst),
                challenger=told[0], champion=told[1] if len(told) > 1 else None,
            )
        )  # fmt: skip
    write_json(folder / "gallery.json", [one.model_dump(mode="json") for one in found])
    return found


def _chosen(judged: Sequence[Judged], slices: Sequence[Slice]) -> list[int]:
    """Positions of examples: the worst of the worst slices, then those that lost most, or were answered worst."""
    place = {path: at for at, path in enumerate(judged[0].paths)}
    named = [place[path] for one in slices[:SLICES] if one.difference.value < 0 for path in one.worst[:OF_SLICE]]
    change = judged[0].quality - (judged[1].quality if len(judged) > 1 else 0.0)
    order = np.lexsort((judged[0].quality, change))
    return list(dict.fromkeys([*named, *order.tolist()]))[:SHOWN]


def _told(folder: Path, name: str, model: Model, file: tuple[bytes, NDArray[np.uint8]], quality: float) -> Told:
    """The answer to a file's bytes, drawn on its picture."""
    runtime = model.runtime
    content, picture = file
    kind, (finished,) = runtime.kind, runtime.answer_files([content])
    answer = kind.answer(runtime.contract, finished, kind.Options(), picture.shape[:2])
    _save(folder / name, kind.overlay(picture, answer, runtime.contract.labels, SIDE))
    return Told(model=model.name, answer=kind.line(answer), quality=quality, picture=name)


def _truth(example: Example, pixels: NDArray[np.uint8], labels: Sequence[str]) -> tuple[str, Image.Image]:
    """What people marked, in words and drawn."""
    if isinstance(example.truth, Objects):
        names = example.truth.labels
        words = ", ".join(f"{names.count(label)} {label}" for label in sorted(set(names))) or "no objects"
        return words, draw_objects(pixels, example.truth, labels, SIDE)
    if isinstance(example.truth, LabelMask):
        classes = example.class_map(labels)
        shares = np.bincount(classes.ravel(), minlength=256)[: len(labels)] / classes.size
        words = ", ".join(f"{labels[at]} {shares[at]:.1%}" for at in np.argsort(-shares) if shares[at] > 0)
        return words, draw_label_mask(pixels, classes, labels, SIDE)
    if isinstance(example.truth, Target):
        return "the image and what is to be made of it", draw_pair(pixels, example.target(), 2 * SIDE)
    return example.label, fit(pixels, SIDE)


def _save(path: Path, picture: Image.Image) -> None:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    write_bytes(path, stream.getvalue())
