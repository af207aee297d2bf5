"""Classes by pixel: told, drawn, compared, and put together from tiles."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tatara.core.contract import Contract, Finished, ImagePreparation
from tatara.core.kinds.segmentation import Answer, Options, answer, differences, line, merge, overlay
from tatara.core.masks import read_png, unpack
from tatara.core.painting import colour

CONTRACT = Contract(
    modality="image",
    kind="segmentation",
    decoder="image-1",
    labels=("sky", "road", "car"),
    preparation=ImagePreparation(size=8),
    outputs={},
)


def seen() -> Finished:
    """Four rows of five: two of sky, two of road with one pixel of car, which is less sure."""
    labels = np.array([[0] * 5, [0] * 5, [1] * 5, [1, 1, 2, 1, 1]], np.uint8)
    return {"labels": labels, "confidence": np.where(labels == 2, 0.4, 0.8).astype(np.float32)}


def test_classes_come_by_size_with_their_confidence() -> None:
    found = answer(CONTRACT, seen(), Options(), (4, 5))

    assert (found.width, found.height, found.left_out) == (5, 4, 0)
    assert [(one.label, one.value, one.pixels, one.share) for one in found.classes] == [
        ("sky", 0, 10, 0.5),
        ("road", 1, 9, 0.45),
        ("car", 2, 1, 0.05),
    ]
    assert [round(one.confidence, 5) for one in found.classes] == [0.8, 0.8, 0.4]
    assert found.confidence == pytest.approx(0.78)
    assert line(found) == "sky 50.0%, road 45.0%, car 5.0%; mean confidence 78.0%"


def test_the_label_mask_is_a_palette_png_of_the_images_size() -> None:
    found = Answer.model_validate_json(answer(CONTRACT, seen(), Options(), (4, 5)).model_dump_json())

    assert found.mask is not None
    image = Image.open(io.BytesIO(base64.b64decode(found.mask)))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (5, 4))
    np.testing.assert_array_equal(read_png(found.mask), seen()["labels"])


@pytest.mark.parametrize(
    ("options", "labels", "left_out"),
    [
        (Options(score=0.5), ["sky", "road"], 0.05),
        (Options(classes=("car", "road")), ["road", "car"], 0.5),
        (Options(classes=("car",), score=0.5), [], 1.0),
    ],
)
def test_what_is_not_sure_or_not_asked_for_is_left_out(options: Options, labels: list[str], left_out: float) -> None:
    found = answer(CONTRACT, seen(), options, (4, 5))

    assert [one.label for one in found.classes] == labels
    assert found.left_out == left_out
    assert found.mask is not None
    assert float((read_png(found.mask) == 255).mean()) == left_out
    assert found.confidence == pytest.approx(0.78)


@pytest.mark.parametrize("form", ["rle", "polygon"])
def test_other_forms_are_by_class(form: str) -> None:
    found = answer(CONTRACT, seen(), Options(masks=form), (4, 5))  # type: ignore[arg-type]

    assert found.mask is None
    for one in found.classes:
        assert one.mask is not None
        np.testing.assert_array_equal(unpack(one.mask, (4, 5)), seen()["labels"] == one.value)


def test_totals_of_a_large_image_are_those_of_its_bands() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (700, 3)).astype(np.uint8)
    confidence = np.random.default_rng(1).random((700, 3)).astype(np.float32)

    found = answer(CONTRACT, {"labels": labels, "confidence": confidence}, Options(masks="none"), (700, 3))

    for one in found.classes:
        assert one.pixels == (labels == one.value).sum()
        assert one.confidence == pytest.approx(confidence[labels == one.value].mean(), abs=1e-5)


def test_differences_are_shares_of_pixels_and_gaps_of_confidence() -> None:
    other = {name: values.copy() for name, values in seen().items()}
    other["labels"][0, 0] = 2
    other["confidence"][3, 3] = 0.7

    assert differences(seen(), other) == pytest.approx({"labels": 0.05, "confidence": 0.1})
    other["confidence"][0, 0] = np.nan
    assert differences(seen(), other)["confidence"] == float("inf")


def test_tiles_share_their_overlap_between_the_nearest_centres() -> None:
    parts = []
    for value, corner in enumerate([(0, 0), (0, 4), (2, 0), (2, 4)]):
        labels = np.full((4, 6), value, np.uint8)
        parts.append(({"labels": labels, "confidence": labels.astype(np.float32)}, corner))

    found = merge(parts, (6, 10))

    expected = np.array([[0] * 5 + [1] * 5] * 3 + [[2] * 5 + [3] * 5] * 3)
    np.testing.assert_array_equal(found["labels"], expected)
    np.testing.assert_array_equal(found["confidence"], expected)


@pytest.mark.parametrize("form", ["png", "rle", "polygon", "none"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (300, 400)])
def test_the_picture_has_the_images_size_in_every_form(form: str, shape: tuple[int, int]) -> None:
    labels = np.zeros(shape, np.uint8)
    labels[shape[0] // 2 :] = 1
    whole = {"labels": labels, "confidence": np.ones(shape, np.float32)}
    found = answer(CONTRACT, whole, Options(masks=form), shape)  # type: ignore[arg-type]

    pixels = np.asarray(overlay(np.full((*shape, 3), 255, np.uint8), found))

    assert pixels.shape == (*shape, 3)
    assert bool((pixels == 255).all()) == (form == "none" and shape != (300, 400))


def test_without_masks_the_picture_says_what_is_in_it() -> None:
    """Two chips from the upper left corner, in the classes' colours; specks have none with masks either."""
    labels = np.zeros((300, 400), np.uint8)
    labels[200:] = 1
    labels[10:12, 300] = 2
    found = answer(CONTRACT, {"labels": labels, "confidence": np.ones((300, 400), np.float32)}, Options(masks="none"),
                   (300, 400))  # fmt: skip
    corner = np.asarray(overlay(np.full((300, 400, 3), 255, np.uint8), found))[:40, :120]
    shown = {tuple(pixel) for pixel in corner.reshape(-1, 3)}
    assert {colour(0), colour(1)} <= shown
    assert colour(2) not in shown


def test_a_mask_has_no_edge_along_the_border_of_the_image() -> None:
    """Of a class that fills the left half only the seam is opaque; a speck is coloured and not named."""
    labels = np.zeros((300, 400), np.uint8)
    labels[:, 200:] = 1
    labels[10:12, 300] = 2
    found = answer(CONTRACT, {"labels": labels, "confidence": np.ones((300, 400), np.float32)}, Options(), (300, 400))
    pixels = np.asarray(overlay(np.full((300, 400, 3), 255, np.uint8), found))
    opaque = (pixels == colour(0)).all(axis=2)
    assert opaque[[100, 150], 199].all()
    assert not opaque[[0, -1], :150].any()
    assert not opaque[:, 0].any()
    assert (pixels[10:12, 300] == colour(2)).all()
    assert (pixels == colour(2)).all(axis=2).sum() == 2
