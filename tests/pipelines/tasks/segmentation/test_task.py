"""What the stages ask the kind for, on real files."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco
from scipy.special import softmax

from pipelines.datasets.dataset import Description
from pipelines.examples import Example
from pipelines.parameters import resolve
from pipelines.tasks.segmentation import task
from pipelines.truth import IGNORE, LabelMask, Objects, Truth
from tatara.core.errors import UsageError
from tatara.core.files import sha256_file


def description(kind: str, *classes: str) -> Description:
    formats = {"segmentation": "label-masks", "instances": "coco"}
    splits = dict.fromkeys(("train", "valid", "test"), "given")
    known = {"modality": "image", "splits": splits, "licence": "CC0", "source": "made here"}
    return Description.model_validate({**known, "kind": kind, "format": formats[kind], "classes": classes})


def example(truth: Truth, height: int, width: int) -> Example:
    return Example("train/images/a.png", "", "", Path(), height, width, truth)


def test_classes_of_a_pixel() -> None:
    assert task.labels(description("segmentation", "sky", "road")) == ("sky", "road")
    assert task.labels(description("instances", "cell")) == ("background", "cell")
    assert task.labels(description("instances", "cell", "background")) == ("background", "cell")
    with pytest.raises(UsageError, match="only 'sky'"):
        task.labels(description("segmentation", "sky"))
    with pytest.raises(UsageError, match="up to 255 classes apart, and the dataset has 256"):
        task.labels(description("instances", *(f"class {number}" for number in range(255))))


def test_targets_of_label_masks(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [IGNORE, 2]], np.uint8).repeat(32, axis=0).repeat(16, axis=1)
    Image.fromarray(labels).save(tmp_path / "a.png")
    truth = LabelMask(tmp_path / "a.png", sha256_file(tmp_path / "a.png"))
    parameters = resolve("segmentation", {"data": "d", "size": 16})
    found = task.targets([example(truth, 64, 32)] * 2, ("a", "b", "c"), parameters)
    assert (found.shape, found.dtype) == ((2, 16, 16), np.uint8)
    np.testing.assert_array_equal(found[1][::8, ::8], [[0, 1], [IGNORE, 2]])
    padded = task.targets([example(truth, 64, 32)], ("a", "b", "c"), parameters.model_copy(update={"resize": "pad"}))
    np.testing.assert_array_equal(padded[0][::8, ::4], [[0, 1, IGNORE, IGNORE], [IGNORE, 2, IGNORE, IGNORE]])


def test_targets_of_objects_have_a_background() -> None:
    mask = np.zeros((16, 16), np.uint8, order="F")
    mask[4:8, 4:12] = 1
    rle = coco.encode(mask)["counts"].decode()
    truth = Objects(np.array([[4.0, 4, 12, 8]]), ("cell",), np.array([False]), (rle,), 16, 16)
    parameters = resolve("segmentation", {"data": "d", "size": 16})
    found = task.targets([example(truth, 16, 16)], ("background", "cell"), parameters)
    np.testing.assert_array_equal(found[0], mask)


def test_outputs_have_the_shapes_that_are_promised() -> None:
    parameters = resolve("segmentation", {"data": "d", "size": 16})
    logits = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    outputs = {name: np.asarray(value) for name, value in task.decode(logits, parameters).items()}
    assert {name: value.shape[1:] for name, value in outputs.items()} == task.output_shapes(parameters, 3)
    np.testing.assert_allclose(outputs["probabilities"], softmax(logits, axis=-1).transpose(0, 3, 1, 2), rtol=1e-5)
    first = {name: value[0] for name, value in outputs.items()}
    found = task.finish(first, np.array([20, 30], np.int32), parameters)
    assert set(found) == set(task.finished_shapes(3))
    assert all(value.shape == (20, 30) for value in found.values())


def test_a_model_that_says_one_class_everywhere_is_named() -> None:
    targets = np.array([[[0, 1], [1, IGNORE]]], np.uint8)
    logits = np.zeros((1, 2, 2, 2), np.float32)
    logits[..., 0] = 1
    assert task.symptoms(logits, targets, ("sky", "road")) == ["one class is predicted for every pixel: sky"]
    logits[0, 0, 1, 1] = 2
    assert task.symptoms(logits, targets, ("sky", "road")) == []


def test_coloured_squares_are_learned() -> None:
    given = {"size": 16, "width": 8, "depth": 1, "dropout": 0.0, "class_weights": True, "dice": 0.5}
    parameters = resolve("segmentation", {"data": "d", **given})
    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, (32, 4, 4), np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    images = np.eye(3, dtype=np.float32)[truth] + generator.normal(0, 0.3, (32, 16, 16, 3)).astype(np.float32)
    truth[:, :8] = IGNORE
    model = task.build(parameters, 3)
    model.compile(keras.optimizers.Adam(0.01), task.loss(parameters, truth, 3), metrics=task.metrics(3))
    history = model.fit(images, truth, batch_size=4, epochs=4, verbose=0).history
    assert history["pixel_accuracy"][-1] > 0.9
    assert history["miou"][-1] > 0.8
    assert history["loss"][-1] < history["loss"][0] / 2


def test_the_sample_picture_is_written(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    images, masks = generator.random((5, 32, 32, 3), np.float32), generator.integers(0, 4, (5, 32, 32), np.uint8)
    masks[masks == 3] = IGNORE
    task.sample_picture(tmp_path / "samples.png", images, masks, ("sky", "road", "道"), "street")
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.width > 800


def test_light_and_colour_change_the_images_alone() -> None:
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    masks = np.random.default_rng(1).integers(0, 3, (4, 16, 16), np.uint8)
    step = np.int64(1)
    still = {"data": "d", "size": 16, "rotate": 0, "shift": 0, "zoom": 0, "contrast": 0}
    for flip in ("none", "both"):
        augment, move = (
            task.augmentation(resolve("segmentation", {**still, "flip": flip, "colour": colour}))
            for colour in (1.0, 0.0)
        )
        tinted, kept = augment(images, masks, step)
        plain, moved = (images, masks) if move is None else move(images, masks, step)
        np.testing.assert_array_equal(kept, moved)
        assert not np.allclose(tinted, plain, atol=0.05)
