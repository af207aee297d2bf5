"""A model that listens at the HTTP door: WAV and FLAC in, labels and a picture out, and every other file refused."""

import io
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from services.settings import Settings
from tatara.core.client import Client
from tatara.core.errors import BoundError, DecodeError, SamplesError
from tests.services.in_process import serving
from tests.services.model_folder import plain
from tests.services.sounds import CONTRACT, LENGTH, sine, sound_file, write_audio_folder

LOW, HIGH = sound_file(sine(400)), sound_file(sine(3000))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(write_audio_folder(tmp_path_factory.mktemp("audio") / "model"), Settings(threads=2)) as found:
        yield found


@pytest.fixture(scope="module")
def door(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        yield client


def post(door: httpx.Client, content: bytes, path: str = "/predict") -> httpx.Response:
    return door.post(path, files=[("files", ("a.wav", content))])


def label(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["answers"][0]["label"])


@pytest.mark.parametrize(
    "form",
    [
        {"rate": 8000}, {"rate": 44100}, {"rate": 8000, "form": "FLAC"}, {"rate": 16000, "subtype": "FLOAT"},
        {"rate": 22050, "subtype": "PCM_24"}, {"rate": 8000, "subtype": "ULAW"},
    ],
)  # fmt: skip
def test_whatever_rate_and_encoding_a_sound_is_stored_in(door: httpx.Client, form: dict) -> None:
    for hertz, expected in ((400, "low"), (3000, "high")):
        content = sound_file(sine(hertz, rate=form["rate"]), **form)
        assert label(post(door, content)) == expected


def test_channels_are_averaged(door: httpx.Client) -> None:
    both = np.stack([sine(3000, level=0.9), np.zeros(2400)], axis=1)
    assert label(post(door, sound_file(both))) == "high"
    opposite = np.stack([sine(3000), -sine(3000)], axis=1)
    refused = post(door, sound_file(opposite))
    assert (refused.status_code, refused.json()["rule"]) == (422, "peak")  # nothing is left to be heard


def test_files_come_as_forms_bodies_and_through_the_client(door: httpx.Client, url: str) -> None:
    for kind in ("audio/wav", "audio/flac", "application/octet-stream"):
        assert label(door.post("/predict", content=HIGH, headers={"content-type": kind})) == "high"
    refused = door.post("/predict", content=HIGH, headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["rule"]) == (415, "content_type")
    with Client(url) as client:
        assert [one.label for one in client.predict([LOW, HIGH])] == ["low", "high"]


def test_the_picture_shows_the_sound_above_the_answer(door: httpx.Client) -> None:
    pictures = [Image.open(io.BytesIO(post(door, content, "/render").content)) for content in (LOW, HIGH)]
    low, high = (np.asarray(one.convert("L").crop((24, 140, 336, 260)), float) for one in pictures)
    assert low.shape == high.shape
    lower, upper = slice(len(low) // 2, None), slice(0, len(low) // 2)  # of the spectrogram, low notes lie below
    assert low[lower].mean() < low[upper].mean()
    assert high[upper].mean() < high[lower].mean()


HOSTILE = {
    "empty": b"",
    "words": b"hello " * 100,
    "an image": plain(1, 2, 3),
    "truncated": LOW[: len(LOW) // 2],
    "a header alone": LOW[:44],
    "no sample": sound_file(np.zeros(0)),
    "truncated FLAC": sound_file(sine(400), form="FLAC")[:900],
    "another format": sound_file(sine(400), form="AIFF"),
    "not finite": sound_file(np.array([0.0, np.nan, np.inf] * 400), subtype="FLOAT"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_is_refused(door: httpx.Client, name: str) -> None:
    for path in ("/predict", "/render"):
        refused = post(door, HOSTILE[name], path)
        assert (refused.status_code, refused.json()["rule"]) == (400, "decode"), refused.text
        assert refused.json()["error"].startswith("a.wav: ")
    assert label(post(door, LOW)) == "low"


def test_bounds_hold_before_everything_is_read(door: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for content, rule in (
        (sound_file(sine(400, 6.0)), "duration"), (sound_file(sine(400, 0.01)), "duration"),
        (sound_file(np.zeros(4000)), "peak"), (sound_file(np.zeros((4000, 5))), "channels"),
    ):  # fmt: skip
        refused = post(door, content)
        assert (refused.status_code, refused.json()["rule"]) == (422, rule), refused.text
    monkeypatch.setattr(soundfile.SoundFile, "read", lambda *_, **__: pytest.fail("it was read"))
    assert post(door, sound_file(sine(400, 6.0))).json()["rule"] == "duration"


def test_a_header_that_promises_billions_of_samples(door: httpx.Client, url: str) -> None:
    flac = bytearray(sound_file(sine(400), form="FLAC"))
    flac[21:26] = bytes([flac[21] | 0x0F, 255, 255, 255, 255])
    refused = post(door, bytes(flac))
    assert refused.status_code in (413, 422)
    wav = bytearray(LOW)
    wav[40:44] = (2**31 - 16).to_bytes(4, "little")
    refused = post(door, bytes(wav))
    assert (refused.status_code, refused.json()["rule"]) == (400, "decode")
    with Client(url) as client, pytest.raises((DecodeError, BoundError, SamplesError)):
        client.predict([bytes(flac)])


def test_prepared_tensors_are_taken_and_pixels_are_not(door: httpx.Client) -> None:
    prepared = np.zeros((2, LENGTH, 1), np.float32)
    prepared[0, :, 0], prepared[1, :, 0] = sine(400)[:LENGTH], sine(3000)[:LENGTH]
    raw = f"application/x-tensor; dtype=float32; shape=2,{LENGTH},1"
    found = door.post("/predict", content=prepared.tobytes(), headers={"content-type": raw})
    assert [one["label"] for one in found.json()["answers"]] == ["low", "high"]
    pixels = "application/x-tensor; dtype=uint8; shape=1,4,4,3"
    refused = door.post("/predict", content=bytes(48), headers={"content-type": pixels})
    assert (refused.status_code, refused.json()["rule"]) == (422, "dtype")


def test_the_open_inference_protocol(door: httpx.Client) -> None:
    import base64

    (given,) = door.get("/v2/models/pitch").json()["inputs"]
    assert given == {"name": "audio", "datatype": "BYTES", "shape": [-1]}
    asked = {**given, "shape": [1], "data": [base64.b64encode(HIGH).decode()]}
    (found,) = door.post("/v2/models/pitch/infer", json={"inputs": [asked]}).json()["outputs"]
    assert found["data"][1] > 0.9
    wrong = door.post("/v2/models/pitch/infer", json={"inputs": [{**asked, "name": "image"}]})
    assert wrong.status_code == 400


def test_the_description_names_sounds(door: httpx.Client) -> None:
    described = door.get("/openapi.json").json()
    content = described["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert "audio/*" in content
    assert "image/*" not in content
    assert described["info"]["description"].startswith("Audio classification, 2 classes")
    assert door.get("/model").json()["contract"]["preparation"] == CONTRACT.preparation.model_dump()
