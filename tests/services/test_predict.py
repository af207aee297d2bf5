"""Image files at the HTTP door: what is answered, and how everything else is refused."""

import json

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.services.images import animated, bomb, encoded, oriented, scene, sixteen_bit
from tests.services.model_folder import plain

RED, GREEN, BLUE = plain(200, 10, 10), plain(10, 200, 10), plain(10, 10, 200)


def form(*contents: bytes, field: str = "files") -> list[tuple[str, tuple[str, bytes]]]:
    return [(field, (f"{i}.png", content)) for i, content in enumerate(contents)]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and rule, after holding the answer to the form that every refusal has."""
    body = json.loads(answer.text)
    assert answer.text.count("\n") == 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) - {"file"} == {"type", "title", "status", "detail", "error", "rule"}
    assert (body["status"], body["detail"]) == (answer.status_code, body["error"])
    assert "Traceback" not in answer.text
    assert answer.headers["x-tatara-model"] == "colours"
    return answer.status_code, body["rule"]


def test_the_answer_is_typed_and_says_who_gave_it(http: httpx.Client) -> None:
    answer = http.post("/predict", files=form(RED), params={"top": 2})

    body = answer.json()
    assert answer.status_code == 200
    assert body["model"] == {"name": "colours", "version": "1"}
    # 64 cells, half of weight .12 and half of .08, of 200/255 and 10/255: logits 5.0196, .25098, .25098.
    scores = np.exp([5.0196, 0.25098, 0.25098]) / np.exp([5.0196, 0.25098, 0.25098]).sum()
    (found,) = body["answers"]
    assert (found["label"], len(found["top"])) == ("red", 2)
    assert found["score"] == pytest.approx(scores[0], abs=1e-4)
    assert found["top"][1]["score"] == pytest.approx(scores[1], abs=1e-4)


def test_a_raw_image_body_is_answered_as_a_form_is(http: httpx.Client) -> None:
    raw = http.post("/predict", content=BLUE, headers={"content-type": "image/png"})

    assert raw.json() == http.post("/predict", files=form(BLUE)).json()


def test_a_hundred_files_are_answered_in_their_order(http: httpx.Client) -> None:
    names = ["red", "green", "blue", "blue", "green"] * 20
    contents = {"red": RED, "green": GREEN, "blue": BLUE}

    answers = http.post("/predict", files=form(*(contents[name] for name in names))).json()["answers"]

    assert [answer["label"] for answer in answers] == names


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_the_upright_answer(http: httpx.Client, orientation: int) -> None:
    upright = http.post("/predict", files=form(encoded(scene()))).json()
    turned = http.post("/predict", files=form(encoded(scene().transpose(Image.Transpose.FLIP_LEFT_RIGHT)))).json()

    assert http.post("/predict", files=form(oriented(orientation))).json() == upright
    assert turned != upright


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "TIFF"),
        encoded(Image.new("RGB", (16, 16), "red").convert("P")),
        encoded(Image.new("RGBA", (16, 16), (255, 0, 0, 255))),
        encoded(Image.new("RGB", (16, 16), "red"), "WEBP"),
    ],
    ids=["cmyk", "palette", "rgba", "webp"],
)
def test_other_pixel_formats_mean_the_same_colour(http: httpx.Client, content: bytes) -> None:
    (answer,) = http.post("/predict", files=form(content)).json()["answers"]

    assert answer["label"] == "red"


def test_sixteen_bits_are_read_by_their_upper_byte(http: httpx.Client) -> None:
    grey = http.post("/predict", files=form(plain(128, 128, 128))).json()

    assert http.post("/predict", files=form(sixteen_bit())).json() == grey


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(scene())[:-30], (400, "decode")),
        (b"", (400, "decode")),
        (b"not an image at all\n", (400, "decode")),
        (animated(), (400, "decode")),
        (bomb(), (413, "max_pixels")),
        (plain(9, 9, 9, side=1), (422, "width_within")),
        (encoded(Image.new("LA", (16, 16))), (422, "modes_known")),
    ],
    ids=["truncated", "empty", "text", "animated", "bomb", "1x1", "mode"],
)
def test_what_is_no_good_image_is_refused_by_name(
    http: httpx.Client, content: bytes, expected: tuple[int, str]
) -> None:
    assert refusal(http.post("/predict", files=form(content))) == expected
    raw = http.post("/predict", content=content, headers={"content-type": "image/jpeg"})
    assert refusal(raw) == expected


def test_the_bad_file_among_many_is_named(http: httpx.Client) -> None:
    answer = http.post("/predict", files=form(RED, GREEN, RED[:50], BLUE))

    assert refusal(answer) == (400, "decode")
    assert answer.json()["file"] == "2.png"
    assert answer.json()["error"].startswith("2.png: ")


def test_too_many_files_are_refused(http: httpx.Client) -> None:
    assert refusal(http.post("/predict", files=form(*[RED] * 257))) == (413, "max_files")
    assert refusal(http.post("/predict", files=form(*[RED] * 300))) == (413, "max_files")


def test_a_huge_body_is_refused_declared_or_not(http: httpx.Client) -> None:
    piece = bytes(2**20)

    declared = http.post("/predict", content=piece * 33, headers={"content-type": "image/png"})
    streamed = http.post("/predict", content=(piece for _ in range(33)), headers={"content-type": "image/png"})
    multipart = http.post("/predict", files=form(piece * 33))

    assert {refusal(answer) for answer in (declared, streamed, multipart)} == {(413, "max_body")}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"files": form(RED, field="image")}, (422, "field")),
        ({"files": {"other": ("a.png", RED)}, "data": {"files": "text"}}, (422, "field")),
        ({"files": form(RED), "params": {"top": "0"}}, (422, "top")),
        ({"files": form(RED), "data": {"top": "all"}}, (422, "top")),
        ({"files": form(RED), "params": {"top": "9" * 5000}}, (422, "top")),
        ({"json": {"image": "x"}}, (415, "content_type")),
        ({"data": {"files": "x"}}, (415, "content_type")),
        ({}, (415, "content_type")),
        ({"content": b"xx", "headers": {"content-type": "multipart/form-data"}}, (400, "multipart")),
        ({"content": b"xx", "headers": {"content-type": "multipart/form-data; boundary=b"}}, (400, "multipart")),
    ],
)
def test_a_malformed_request_is_refused(
    http: httpx.Client, request_: dict[str, object], expected: tuple[int, str]
) -> None:
    assert refusal(http.post("/predict", **request_)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/predict", (405, "method")),
        ("DELETE", "/predict", (405, "method")),
        ("POST", "/", (405, "method")),
        ("GET", "/nowhere", (404, "path")),
        ("GET", "/page/%2e%2e/service.py", (404, "path")),
        ("GET", "/page/..%2fservice.py", (404, "path")),
        ("GET", "/page/%00", (404, "path")),
    ],
)
def test_other_methods_and_paths_are_refused(
    http: httpx.Client, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert refusal(http.request(method, path)) == expected
