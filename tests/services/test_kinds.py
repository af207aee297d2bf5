"""Detection, instances and segmentation at the HTTP door: typed answers in the sent image's pixels, drawn ones, and
the same refusals for both."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tatara.core.contract import Tiling
from tatara.core.kinds import image, instances, segmentation
from tatara.core.masks import decode, read_png, unpack
from tests.services.images import animated, bomb, encoded, oriented, scene, sixteen_bit
from tests.services.in_process import serving
from tests.services.model_folder import BOUNDS, plain, write_model_folder

DENSE = ("detection", "instances", "segmentation")
SCENE = encoded(scene())
"""40 x 24: red up to column 26, blue from there; on an 8 x 8 grid the border lies at column 25."""


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """A service of each kind."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        found = {}
        for kind in DENSE:
            folder = write_model_folder(tmp_path_factory.mktemp(kind) / "model", BOUNDS, kind)
            url = stack.enter_context(serving(folder))
            found[kind] = stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))
        yield found


@pytest.fixture(params=DENSE)
def door(request: pytest.FixtureRequest, doors: dict[str, httpx.Client]) -> httpx.Client:
    return doors[request.param]


def post(door: httpx.Client, content: bytes, path: str = "/predict", **options: Any) -> httpx.Response:
    return door.post(path, files=[("files", ("a.png", content))], params=options)


def answer(door: httpx.Client, content: bytes, **options: Any) -> Any:
    response = post(door, content, **options)
    assert response.status_code == 200, response.text
    return response.json()["answers"][0]


def test_objects_lie_in_the_sent_images_pixels(doors: dict[str, httpx.Client]) -> None:
    found = answer(doors["detection"], SCENE)

    assert (found["width"], found["height"], found["threshold"]) == (40, 24, 0.5)
    assert [(one["label"], one["box"]) for one in found["objects"]] == [
        ("red", {"x_min": 0, "y_min": 0, "x_max": 25, "y_max": 24}),
        ("blue", {"x_min": 25, "y_min": 0, "x_max": 40, "y_max": 24}),
    ]
    assert [one["score"] for one in found["objects"]] == pytest.approx([230 / 255] * 2)


def left_columns() -> np.ndarray:
    expected = np.zeros((24, 40), np.uint8)
    expected[:, :25] = 1
    return expected


@pytest.mark.parametrize("form", ["rle", "polygon", "png"])
def test_masks_come_in_the_form_asked_for(doors: dict[str, httpx.Client], form: str) -> None:
    found = instances.Answer.model_validate(answer(doors["instances"], SCENE, masks=form))

    mask = found.objects[0].mask
    assert mask is not None
    np.testing.assert_array_equal(unpack(mask, (24, 40)), left_columns())


def test_every_pixel_has_its_class(doors: dict[str, httpx.Client]) -> None:
    door = doors["segmentation"]
    found = segmentation.Answer.model_validate(answer(door, SCENE))

    assert found.mask is not None
    np.testing.assert_array_equal(read_png(found.mask), 2 - 2 * left_columns())
    assert [(one.label, one.pixels) for one in found.classes] == [("red", 600), ("blue", 360)]
    by_class = segmentation.Answer.model_validate(answer(door, SCENE, masks="rle", classes="red"))
    np.testing.assert_array_equal(decode(by_class.classes[0].mask), left_columns())  # type: ignore[arg-type]
    assert by_class.left_out == 0.375


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_exif_orientation_gives_the_upright_answer(door: httpx.Client, orientation: int) -> None:
    assert answer(door, oriented(orientation)) == answer(door, SCENE)
    assert answer(door, encoded(scene().rotate(90, expand=True))) != answer(door, SCENE)


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "TIFF"),
        encoded(Image.new("RGB", (16, 16), "red").convert("P")),
        encoded(Image.new("RGBA", (16, 16), (255, 0, 0, 255))),
        encoded(Image.new("RGB", (16, 16), "red"), "WEBP", lossless=True),
    ],
    ids=["cmyk", "palette", "rgba", "webp"],
)
def test_other_pixel_formats_mean_the_same(door: httpx.Client, content: bytes) -> None:
    assert answer(door, content) == answer(door, encoded(Image.new("RGB", (16, 16), "red")))
    assert post(door, content, "/render").status_code == 200


def test_grey_and_sixteen_bits_are_read(door: httpx.Client) -> None:
    grey = answer(door, encoded(Image.new("L", (8, 8), 128)))

    assert grey == answer(door, plain(128, 128, 128, side=8)) == answer(door, sixteen_bit())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (SCENE[:-30], (400, "decode")),
        (b"", (400, "decode")),
        (b"not an image at all\n", (400, "decode")),
        (animated(), (400, "decode")),
        (bomb(), (413, "max_pixels")),
        (plain(9, 9, 9, side=1), (422, "width_within")),
        (encoded(Image.new("LA", (16, 16))), (422, "modes_known")),
    ],
    ids=["truncated", "empty", "text", "animated", "bomb", "1x1", "mode"],
)
def test_what_is_no_good_image_is_refused_alike_asked_or_drawn(
    door: httpx.Client, content: bytes, expected: tuple[int, str]
) -> None:
    asked, drawn = post(door, content), post(door, content, "/render")

    assert (asked.status_code, asked.json()["rule"]) == expected
    assert (drawn.status_code, drawn.json()) == (asked.status_code, asked.json())
    assert asked.text.count("\n") == 1


@pytest.mark.parametrize("shape", [(2, 2), (2, 400), (300, 3), (1200, 1600)])
def test_images_of_any_shape_are_answered_and_drawn(door: httpx.Client, shape: tuple[int, int]) -> None:
    content = encoded(Image.new("RGB", shape[::-1], (230, 0, 0)))

    found = answer(door, content)
    drawn = Image.open(io.BytesIO(post(door, content, "/render").content))

    assert (found["height"], found["width"]) == shape
    assert (drawn.format, drawn.size) == ("PNG", shape[::-1])


def test_a_drawn_answer_carries_the_headers_and_changes_the_picture(door: httpx.Client) -> None:
    large = encoded(scene().resize((400, 240), 0))
    drawn = post(door, large, "/render")

    assert drawn.headers["content-type"] == "image/png"
    assert drawn.headers["x-tatara-model"] == "colours"
    assert set(drawn.headers) >= {"x-tatara-version", "x-tatara-lineage"}
    pixels = np.asarray(Image.open(io.BytesIO(drawn.content)).convert("RGB"))
    assert (pixels != np.asarray(scene().resize((400, 240), 0))).any()
    nothing = post(door, large, "/render", score=1, classes="green")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(nothing.content))), scene().resize((400, 240), 0))


def test_an_image_body_is_taken_as_a_form_is(door: httpx.Client) -> None:
    headers = {"content-type": "image/png"}

    asked = door.post("/predict", content=SCENE, headers=headers, params={"classes": "blue", "score": 0.25})

    form = {"classes": "blue", "score": "0.25"}
    assert asked.json() == door.post("/predict", files=[("files", ("a.png", SCENE))], data=form).json()
    assert asked.json()["answers"][0]["threshold"] == 0.25


def test_only_one_picture_is_drawn_at_a_time(door: httpx.Client) -> None:
    refused = door.post("/render", files=[("files", ("a.png", SCENE))] * 2)

    assert (refused.status_code, refused.json()["rule"]) == (413, "max_files")


@pytest.mark.parametrize(
    ("options", "rule", "message"),
    [
        ({"score": "2"}, "score", "less than or equal to 1"),
        ({"score": "much"}, "score", "valid number"),
        ({"score": "nan"}, "score", "finite number"),
        ({"classes": "blue,rde"}, "classes", "did you mean 'red'"),
        ({"scroe": "0.5"}, "parameter", "did you mean 'score'"),
        ({"score": ["0.1", "0.2"]}, "score", "valid number"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    door: httpx.Client, options: dict[str, Any], rule: str, message: str
) -> None:
    for path in ("/predict", "/render"):
        refused = post(door, SCENE, path, **options)
        assert (refused.status_code, refused.json()["rule"]) == (422, rule)
        assert message in refused.json()["error"]
        assert refused.headers["content-type"] == "application/problem+json"
        assert set(json.loads(refused.text)) == {"type", "title", "status", "detail", "error", "rule"}


@pytest.mark.parametrize(
    ("kind", "options", "rule"),
    [
        ("detection", {"masks": "rle"}, "parameter"),
        ("detection", {"top": "0"}, "top"),
        ("instances", {"masks": "jpeg"}, "masks"),
        ("segmentation", {"masks": "yes"}, "masks"),
        ("segmentation", {"top": "3"}, "parameter"),
    ],
)
def test_what_a_kind_does_not_take_is_refused(
    doors: dict[str, httpx.Client], kind: str, options: dict[str, str], rule: str
) -> None:
    refused = post(doors[kind], SCENE, **options)

    assert (refused.status_code, refused.json()["rule"]) == (422, rule)


def test_openapi_describes_the_kind_that_is_served(doors: dict[str, httpx.Client]) -> None:
    taken = {"detection": {"score", "classes", "top"}, "instances": {"score", "classes", "top", "masks"}}
    taken["segmentation"] = {"score", "classes", "masks"}
    for kind, door in doors.items():
        described = door.get("/openapi.json").json()
        for path in ("/predict", "/render"):
            operation = described["paths"][path]["post"]
            asked = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
            assert asked == taken[kind]
            form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
            assert set(form) == taken[kind] | {"files"}
            assert form["classes"]["items"]["enum"] == ["red", "green", "blue"]
        fields = described["components"]["schemas"]["Answer"]["properties"]
        assert set(answer(door, SCENE)) == set(fields)
        assert list(described["paths"]["/render"]["post"]["responses"]["200"]["content"]) == ["image/png"]


@pytest.mark.parametrize("kind", DENSE)
def test_a_large_image_is_answered_in_tiles_as_one(tmp_path: Path, kind: str) -> None:
    tiled = write_model_folder(tmp_path / "model", kind=kind, tiling=Tiling(size=16, overlap=0.25))
    with serving(tiled) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as door:
        found = answer(door, SCENE)
        drawn = post(door, SCENE, "/render")

    # A tile's grid is finer: the border between red and blue comes out at column 26, where it is.
    assert Image.open(io.BytesIO(drawn.content)).size == (40, 24)
    if kind == "segmentation":
        assert [(one["label"], one["pixels"]) for one in found["classes"]] == [("red", 26 * 24), ("blue", 14 * 24)]
        return
    assert [(one["label"], one["box"]) for one in found["objects"]] == [
        ("red", {"x_min": 0, "y_min": 0, "x_max": 26, "y_max": 24}),
        ("blue", {"x_min": 26, "y_min": 0, "x_max": 40, "y_max": 24}),
    ]
    if kind == "instances":
        mask = instances.Answer.model_validate(found).objects[1].mask
        np.testing.assert_array_equal(unpack(mask, (24, 40)).any(axis=0), np.arange(40) >= 26)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def swapping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service that answers an image in windows of eight pixels with red and blue in each other's place."""
    folder = write_model_folder(
        tmp_path_factory.mktemp("image") / "model", BOUNDS, "image", Tiling(size=8, overlap=0.25)
    )
    with serving(folder) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as found:
        yield found


@pytest.mark.parametrize("size", [(40, 24), (8, 8), (9, 31), (640, 401)])
def test_an_image_is_answered_with_one_of_its_size_without_a_seam(
    swapping: httpx.Client, size: tuple[int, int]
) -> None:
    sent = np.random.default_rng(3).integers(0, 256, (*size[::-1], 3)).astype(np.uint8)

    found = image.Answer.model_validate(answer(swapping, encoded(Image.fromarray(sent))))
    drawn = post(swapping, encoded(Image.fromarray(sent)), "/render")

    assert (found.width, found.height) == size
    np.testing.assert_array_equal(image.decoded(found.image), sent[..., ::-1])
    assert drawn.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(drawn.content))), sent[..., ::-1])


def test_an_image_kinds_openapi_has_no_parameters_and_its_answer_no_classes(swapping: httpx.Client) -> None:
    described = swapping.get("/openapi.json").json()

    assert described["info"]["description"].startswith("Image to image. ")
    operation = described["paths"]["/predict"]["post"]
    assert [one["in"] for one in operation["parameters"]] == ["header"]
    assert set(answer(swapping, SCENE)) == set(described["components"]["schemas"]["Answer"]["properties"])
    refused = post(swapping, SCENE, classes="red")
    assert (refused.status_code, refused.json()["rule"]) == (422, "parameter")


@pytest.mark.parametrize("content", [SCENE[:-30], b"", animated()], ids=["truncated", "empty", "animated"])
def test_what_is_no_good_image_gets_no_image(swapping: httpx.Client, content: bytes) -> None:
    for path in ("/predict", "/render"):
        refused = post(swapping, content, path)
        assert (refused.status_code, refused.json()["rule"]) == (400, "decode")
