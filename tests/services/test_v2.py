"""The Open Inference Protocol, as Triton's public client speaks it."""

import base64
import io
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from services.v2_tensors import HEADER_LENGTH
from tatara.core.runtime import Runtime
from tests.services.graphs import KINDS, SIDE
from tests.services.images import encoded, scene
from tests.services.in_process import serving
from tests.services.model_folder import BOUNDS, LABELS, plain, write_model_folder

SCENE = encoded(scene())
PIXELS = np.asarray(scene())[None]
NAMES = {"float32": "FP32", "int32": "INT32", "uint8": "UINT8"}


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp(request.param) / "model", BOUNDS, kind=request.param)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[triton.InferenceServerClient]:
    found = triton.InferenceServerClient(url.removeprefix("http://"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as found:
        yield found


def given(values: np.ndarray, datatype: str, binary: bool = True) -> list[triton.InferInput]:
    tensor = triton.InferInput("image", list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return [tensor]


def test_the_client_finds_server_and_model_alive_ready_and_described(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colours")
    assert client.is_model_ready("colours", "1")
    assert not client.is_model_ready("colours", "2")
    assert not client.is_model_ready("shapes")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    described = client.get_model_metadata("colours", "1")
    assert (described["name"], described["versions"]) == ("colours", ["1"])
    assert described["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]}]


@pytest.mark.parametrize("binary_out", [True, False])
@pytest.mark.parametrize("binary_in", [True, False])
def test_pixels_give_the_runtimes_own_answer_bit_for_bit(
    client: triton.InferenceServerClient, folder: Path, binary_in: bool, binary_out: bool
) -> None:
    (expected,) = Runtime(folder).answer([PIXELS[0]])
    described = {one["name"]: one for one in client.get_model_metadata("colours")["outputs"]}
    wanted = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in expected]

    answer = client.infer("colours", given(PIXELS, "UINT8", binary_in), outputs=wanted, request_id="a")

    said = answer.get_response()
    assert (said["id"], said["model_name"], said["model_version"]) == ("a", "colours", "1")
    assert set(described) == set(expected)
    for name, value in ((name, np.asarray(value)) for name, value in expected.items()):
        found = answer.as_numpy(name)
        np.testing.assert_array_equal(found, value[None])
        assert (found.dtype, answer.get_output(name)["datatype"]) == (value.dtype, NAMES[value.dtype.name])
        assert described[name]["datatype"] == NAMES[value.dtype.name]
        for length, declared in zip(found.shape, described[name]["shape"], strict=True):
            assert declared in (-1, length)


def test_files_give_what_their_pixels_give(client: triton.InferenceServerClient, http: httpx.Client) -> None:
    pixels = client.infer("colours", given(PIXELS, "UINT8"))
    files = client.infer("colours", given(np.array([SCENE], np.object_), "BYTES"))
    text = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [base64.b64encode(SCENE).decode()]}
    plainly = http.post("/v2/models/colours/versions/1/infer", json={"inputs": [text]}).json()["outputs"]

    for one in plainly:
        name = one["name"]
        np.testing.assert_array_equal(files.as_numpy(name), pixels.as_numpy(name))
        np.testing.assert_array_equal(np.array(one["data"]), pixels.as_numpy(name).ravel())


def test_a_prepared_batch_gives_a_row_for_each(client: triton.InferenceServerClient, folder: Path) -> None:
    runtime = Runtime(folder)
    images = [np.full((16, 16, 3), colour, np.uint8) for colour in ((200, 10, 10), (10, 200, 10), (10, 10, 200))]
    prepared = np.stack([runtime.prepare(pixels) for pixels in images])
    expected = [
        runtime.finish({k: v[0] for k, v in runtime.infer(row[None]).items()}, (SIDE, SIDE)) for row in prepared
    ]

    answer = client.infer("colours", given(prepared, "FP32"))

    for name in expected[0]:
        np.testing.assert_array_equal(answer.as_numpy(name), np.stack([row[name] for row in expected]))


def test_images_with_more_and_with_fewer_objects_make_one_batch(
    client: triton.InferenceServerClient, folder: Path
) -> None:
    images = np.stack([np.asarray(scene()), np.zeros_like(PIXELS[0])])
    alone = [client.infer("colours", given(image[None], "UINT8")) for image in images]

    both = client.infer("colours", given(images, "UINT8"))

    for name in Runtime(folder).tensors:
        for position, one in enumerate(alone):
            value = one.as_numpy(name)[0]
            found = both.as_numpy(name)[position]
            np.testing.assert_array_equal(found[: len(value)], value)
            assert not found[len(value) :].any()


def test_answers_agree_with_the_typed_path(client: triton.InferenceServerClient, http: httpx.Client) -> None:
    answer = client.infer("colours", given(np.array([plain(200, 10, 10)] * 2, np.object_), "BYTES"))
    (typed, again) = http.post("/predict", files=[("files", ("a.png", plain(200, 10, 10)))] * 2).json()["answers"]

    assert typed == again
    if "label" in typed:
        assert LABELS[int(answer.as_numpy("probabilities")[1].argmax())] == typed["label"]
        assert answer.as_numpy("probabilities")[1].max() == pytest.approx(typed["score"])
    elif typed.get("objects"):
        assert answer.as_numpy("scores")[1].max() == pytest.approx(typed["objects"][0]["score"])


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ({"name": "x", "shape": [1], "datatype": "BYTES", "data": [""]}, "this model has one, 'image'"),
        ({"name": "image", "shape": [1], "datatype": "INT64", "data": [1]}, "datatype 'INT64'"),
        ({"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": [1, 2]}, "shape"),
        ({"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": [1, 2, 256]}, "data"),
        ({"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": [1, 2, "3"]}, "numbers alone"),
        ({"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": [1, 2, True]}, "numbers alone"),
        ({"name": "image", "shape": [1, 1, 3], "datatype": "UINT8", "data": [[1], 2, 3]}, "mixes lists"),
        ({"name": "image", "shape": [0, 1, 1, 3], "datatype": "UINT8", "data": []}, "shape"),
        ({"name": "image", "shape": [1], "datatype": "BYTES", "data": ["no base64!"]}, "base64"),
        ({"name": "image", "shape": [1], "datatype": "BYTES", "data": ["eA=="]}, "decode: row 0: not an image"),
        ({"name": "image", "shape": [257], "datatype": "BYTES", "data": ["eA=="] * 257}, "max_rows"),
        ({"name": "image", "shape": [1, 1, 1, 3], "datatype": "UINT8", "data": [1, 2, 3]}, "width_within"),
    ],
)
def test_what_is_no_good_tensor_is_refused_in_the_protocols_form(
    http: httpx.Client, tensor: dict[str, object], message: str
) -> None:
    answer = http.post("/v2/models/colours/infer", json={"inputs": [tensor]})

    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"error"}
    assert message in answer.json()["error"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("content", "length", "rule"),
    [
        (b"{}", None, "request"),
        (b"[]", None, "request"),
        (b"{", None, "json"),
        (b'{"inputs": [NaN]}', None, "json"),
        (b"{}", "3", "header_length"),
        (b"{}", "-1", "header_length"),
        (b"{}", "9" * 5000, "header_length"),
        (b"\xff\xfe", None, "json"),
        (b'{"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "parameters": %s}]}'
         % b'{"binary_data_size": 4}', None, "binary_data_size"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(http: httpx.Client, content: bytes, length: str | None, rule: str) -> None:
    headers = {"content-type": "application/json"} | ({HEADER_LENGTH: length} if length else {})

    answer = http.post("/v2/models/colours/infer", content=content, headers=headers)

    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (400, rule)


def test_unknown_models_versions_outputs_and_paths_are_told_apart(client: triton.InferenceServerClient) -> None:
    refused = {}
    for what, ask in {
        "model": lambda: client.get_model_metadata("shapes"),
        "version": lambda: client.infer("colours", given(PIXELS, "UINT8"), model_version="7"),
        "outputs": lambda: client.infer("colours", given(PIXELS, "UINT8"), outputs=[triton.InferRequestedOutput("x")]),
        "path": lambda: client.get_model_config("colours"),
    }.items():
        with pytest.raises(InferenceServerException) as caught:
            ask()
        refused[what] = caught.value.message().partition(":")[0]

    assert refused == {what: what for what in refused}


def test_an_address_in_a_tensor_is_never_asked(http: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"
        text = {
            "name": "image",
            "shape": [1],
            "datatype": "BYTES",
            "data": [base64.b64encode(address.encode()).decode()],
        }
        answers = [
            http.post("/v2/models/colours/infer", json={"inputs": [text]}),
            http.post("/predict", content=address.encode(), headers={"content-type": "application/octet-stream"}),
            http.post("/predict", files=[("files", (address, address.encode()))]),
        ]
        with pytest.raises(TimeoutError):
            listener.accept()

    assert [answer.status_code for answer in answers] == [400, 400, 400]


def test_numbers_that_no_image_gives_get_no_answer(client: triton.InferenceServerClient, url: str) -> None:
    for value in (np.nan, np.inf, 3e38):
        numbers = np.full((1, SIDE, SIDE, 3), value, np.float32)
        if np.isfinite(value):
            numbers[:, :, ::2] *= -1
        try:
            answer = client.infer("colours", given(numbers, "FP32"))
        except InferenceServerException as error:
            assert error.status() == "422"  # noqa: PT017
            assert error.message().startswith("finite")  # noqa: PT017
        else:
            assert np.isfinite(value)
            assert all(np.isfinite(answer.as_numpy(one["name"])).all() for one in answer.get_response()["outputs"])
        stream = io.BytesIO()
        np.save(stream, numbers)
        typed = httpx.post(
            f"{url}/predict", content=stream.getvalue(), headers={"content-type": "application/x-npy"}, trust_env=False
        )
        assert typed.status_code in ((200, 422) if np.isfinite(value) else (422,))
