"""Each kind's metrics as functions of weighted examples are those that its evaluation measures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from pipelines.metrics.judged import Judged
from pipelines.metrics.objects import judged as objects
from pipelines.metrics.objects import summary
from pipelines.metrics.objects.scenes import table
from pipelines.tasks.classification import evaluation as classification
from pipelines.tasks.classification.judged import judged as classified
from pipelines.tasks.segmentation import evaluation as segmentation
from pipelines.tasks.segmentation.judged import judged as segmented
from tests.pipelines.evidence.tables import LABELS, planted
from tests.pipelines.metrics.objects.made import LABELS as ANIMALS
from tests.pipelines.metrics.objects.made import random_scenes, with_masks
from tests.pipelines.tasks.pictured import LABELS as PICTURED
from tests.pipelines.tasks.pictured import contract, examples

TREE = {label: ["even" if int(label) % 2 == 0 else "odd"] for label in LABELS}


def _values(judged: Judged) -> dict[str, float]:
    once = np.ones((1, len(judged.digests)))
    return {name: float(metric(once)[0, 0]) for name, metric in judged.metrics.items()}


def test_classification() -> None:
    new, _ = planted(each=20, champion=0.8, loss=0.1)
    meaning = contract("classification", LABELS)
    columns = [f"p_{label}" for label in LABELS]
    records = [
        classification.Record(row["path"], row["digest"], row["label"], np.array([row[name] for name in columns]))
        for row in new.to_dict("records")
    ]

    class Described:
        hierarchy = TREE

    expected = classification.measure(records, records, meaning, Described(), 0)  # type: ignore[arg-type]
    found = _values(classified(new, None, LABELS, TREE)[0])
    assert list(found) == ["accuracy", "log_loss", "calibration_error", "mistake_severity"]
    for name, value in found.items():
        assert value == pytest.approx(expected[name].value), name


@pytest.mark.parametrize("by_mask", [False, True])
def test_objects(by_mask: bool) -> None:
    images = [with_masks(one) for one in random_scenes(12, seed=3)]
    expected = summary.coco(images, ANIMALS, 0, by_mask)
    judged = objects.judged(table(images, ANIMALS), None, ANIMALS, by_mask)[0]
    prefix = "mask_" if by_mask else ""
    assert _values(judged) == pytest.approx({f"{prefix}{name}": expected[name].value for name in ("ap50", "ap")})
    once = np.ones((1, len(images)))
    by_class = [float(judged.parts["label", label].metric(once)[0, 0]) for label in ANIMALS]
    assert np.nanmean(by_class) == pytest.approx(expected["ap50"].value)


def test_segmentation(tmp_path: Path) -> None:
    classes = ("background", *PICTURED, "owl")
    meaning = contract("segmentation", classes)
    records = []
    for example in examples(tmp_path, "test", 12):
        generator = np.random.default_rng(int(example.digest[:8], 16))
        truth = example.class_map(classes)
        labels = np.where(generator.random(truth.shape) < 0.1, 0, np.where(truth == 255, 1, truth)).astype(np.uint8)
        confidence = generator.uniform(0.6, 1.0, truth.shape).astype(np.float32)
        records.append(segmentation.record(meaning, example, {"labels": labels, "confidence": confidence}))
    expected = segmentation.measure(records, records, meaning, None, 0)  # type: ignore[arg-type]
    segmentation.predictions(records, meaning).to_parquet(tmp_path / "kept.parquet")
    kept = pandas.read_parquet(tmp_path / "kept.parquet")
    found = _values(segmented(kept, None, classes, None)[0])
    assert found == pytest.approx({name: expected[name].value for name in found})
    assert list(found) == ["miou", "pixel_accuracy", "calibration_error"]
    earlier = segmented(kept.drop(columns="calibration"), None, classes, None)[0]
    assert "calibration_error" not in earlier.metrics


@pytest.mark.parametrize("kind", [classified, segmented])
def test_only_examples_in_both_count_in_one_order(kind: Callable[..., Any]) -> None:
    if kind is segmented:
        new = pandas.DataFrame({"path": list("abc"), "digest": list("cab"), "width": 4, "height": 4, "truth": "x",
                                "predicted": ["x", "y", "x"], "pixels": 16})  # fmt: skip
        labels: tuple[str, ...] = ("x", "y")
    else:
        new, labels = planted(each=2, champion=0.5, loss=0.0)[0], LABELS
    old = new.iloc[::-1].iloc[1:]
    challenger, champion = kind(new, old, labels, None)
    assert challenger.digests == champion.digests == sorted(old["digest"])
    np.testing.assert_array_equal(challenger.quality, champion.quality)


def test_a_class_that_the_champion_never_knew_has_no_probability_from_it() -> None:
    new, old = planted(each=5, champion=1.0, loss=0.0)
    champion = classified(new, old.drop(columns="p_8"), LABELS, None)[1]
    assert champion is not None
    assert champion.quality[[path.startswith("test/8/") for path in champion.paths]].max() == 0.0
