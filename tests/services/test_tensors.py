"""Arrays by content type: what is read, what is written, and that nothing in a body can run code or claim memory."""

import io
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from services.tensors import NPY, NPZ, RAW
from tatara.core.runtime import Runtime
from tests.services.graphs import KINDS, SIDE
from tests.services.images import encoded, scene
from tests.services.in_process import serving
from tests.services.model_folder import BOUNDS, write_model_folder

PIXELS = np.asarray(scene())


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp(request.param) / "model", BOUNDS, kind=request.param)


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[httpx.Client]:
    with serving(folder) as url, httpx.Client(base_url=url, timeout=60, trust_env=False) as found:
        yield found


def npy(values: Any, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(values), version=version)
    return stream.getvalue()


def ask(http: httpx.Client, content: bytes, kind: str = NPY, accept: str = "*/*", path: str = "/predict") -> Any:
    return http.post(path, content=content, headers={"content-type": kind, "accept": accept})


def raw(values: np.ndarray) -> str:
    return f"{RAW}; dtype={values.dtype}; shape={','.join(map(str, values.shape))}"


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_pixels_as_an_array_are_answered_as_their_file_is(http: httpx.Client, version: tuple[int, int]) -> None:
    file = http.post("/predict", content=encoded(scene()), headers={"content-type": "image/png"}).json()

    assert ask(http, npy(PIXELS, version)).json() == file
    assert ask(http, npy(np.asfortranarray(PIXELS), version)).json() == file
    assert ask(http, PIXELS.tobytes(), raw(PIXELS)).json() == file
    assert ask(http, npy(PIXELS[None])).json() == file
    assert len(ask(http, npy(np.stack([PIXELS] * 3))).json()["answers"]) == 3


def test_prepared_examples_are_taken_in_either_byte_order(http: httpx.Client, folder: Path) -> None:
    prepared = Runtime(folder).prepare(np.full((SIDE, SIDE, 3), (200, 10, 10), np.uint8))
    image = np.full((SIDE, SIDE, 3), (200, 10, 10), np.uint8)
    expected = ask(http, npy(image)).json()

    assert ask(http, npy(prepared)).json() == expected
    assert ask(http, npy(prepared.astype(">f4"))).status_code == 422
    assert ask(http, prepared.astype("<f4").tobytes(), raw(prepared)).json() == expected


def test_tensors_come_back_as_the_runtime_gives_them(http: httpx.Client, folder: Path) -> None:
    (expected,) = Runtime(folder).answer([PIXELS])

    answer = ask(http, npy(PIXELS), accept=NPZ)

    assert answer.headers["content-type"] == NPZ
    assert answer.headers["x-tatara-version"] == "1"
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as found:
        assert set(found) == set(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], np.asarray(value)[None])
            assert found[name].dtype == np.asarray(value).dtype


def test_one_tensor_alone_comes_as_npy_or_raw(http: httpx.Client, folder: Path) -> None:
    (expected,) = Runtime(folder).answer([PIXELS])
    one, plainly = ask(http, npy(PIXELS), accept=NPY), ask(http, npy(PIXELS), accept=f"{RAW}, text/html")

    if len(expected) > 1:
        assert [(answer.status_code, answer.json()["rule"]) for answer in (one, plainly)] == [(406, "accept")] * 2
        return
    (value,) = expected.values()
    np.testing.assert_array_equal(np.load(io.BytesIO(one.content), allow_pickle=False), value[None])
    assert (
        plainly.headers["content-type"] == f"{RAW}; dtype={value.dtype}; shape={','.join(map(str, (1, *value.shape)))}"
    )
    np.testing.assert_array_equal(np.frombuffer(plainly.content, value.dtype.newbyteorder("<")), value.ravel())
    assert ask(http, npy(PIXELS), accept=f"application/json, {NPY}").json()["answers"]


class Exploit:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_no_pickle_is_ever_read(http: httpx.Client, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    stream = io.BytesIO()
    np.save(stream, np.array([Exploit(trace)], np.object_), allow_pickle=True)
    contents = {NPY: stream.getvalue(), "application/octet-stream": pickle.dumps(Exploit(trace))}
    contents |= {"application/vnd.bentoml+pickle": pickle.dumps(Exploit(trace)), RAW: pickle.dumps(Exploit(trace))}

    answers = {kind: ask(http, content, kind).status_code for kind, content in contents.items()}
    answers |= {
        f"bare {kind}": ask(http, pickle.dumps(Exploit(trace)), kind).status_code for kind in (NPY, "image/png")
    }

    assert set(answers.values()) <= {400, 415, 422}
    assert not trace.exists()


def header(text: str, version: int = 1) -> bytes:
    """An npy file whose header says ``text``, with a few bytes behind it."""
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + bytes(64)


HUGE = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1000000, 1000000, 3), }\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (400, "npy")),
        (b"\x93NUMPY", (400, "npy")),
        (b"\x93NUMPY\x03\x00" + bytes(64), (400, "npy")),
        (header(HUGE), (422, "shape")),
        (header(HUGE, 2), (422, "shape")),
        (header("{'descr': '|u1'" + " " * 60_000), (400, "npy")),
        (header("__import__('os').system('true')\n"), (400, "npy")),
        (header("(" * 9000), (400, "npy")),
        (header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 8, 8, 3), }\n"), (422, "shape")),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (8,), }\n"), (422, "dtype")),
        (header("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (16,), }\n"), (422, "dtype")),
        (npy(np.zeros((8, 8, 3), np.int64)), (422, "dtype")),
        (npy(np.zeros((8, 8, 3), np.bool_)), (422, "dtype")),
        (npy(np.zeros((8, 8), np.uint8)), (422, "shape")),
        (npy(np.zeros((8, 8, 4), np.uint8)), (422, "shape")),
        (npy(np.zeros((0, 8, 8, 3), np.uint8)), (422, "shape")),
        (npy(np.zeros((1, 0, 8, 3), np.uint8)), (422, "shape")),
        (npy(np.zeros((1, 8, 8, 3), np.uint8))[:-1], (422, "shape")),
        (npy(np.zeros((1, 8, 8, 3), np.uint8)) + b"x", (422, "shape")),
        (npy(np.zeros((9, 9, 3), np.float32)), (422, "shape")),
        (npy(np.full((SIDE, SIDE, 3), np.nan, np.float32)), (422, "finite")),
        (npy(np.zeros((257, 2, 2, 3), np.uint8)), (413, "max_rows")),
        (npy(np.zeros((1, 1, 3), np.uint8)), (422, "width_within")),
    ],
)
def test_what_is_no_good_array_is_refused_by_name(
    http: httpx.Client, content: bytes, expected: tuple[int, str]
) -> None:
    answer = ask(http, content)

    assert (answer.status_code, answer.json()["rule"]) == expected


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ("", "shape"),
        ("; shape=8,8,3", "dtype"),
        ("; dtype=uint8", "shape"),
        ("; dtype=uint8; shape=", "shape"),
        ("; dtype=uint8; shape=8,-8,3", "shape"),
        ("; dtype=uint8; shape=8,8,,3", "shape"),
        ("; dtype=object; shape=8,8,3", "dtype"),
        ("; dtype=uint8; shape=999999999,999999999,999999999,999999999", "shape"),
        ("; dtype=uint8; shape=1,1,1,1,192", "shape"),
    ],
)
def test_a_raw_tensor_must_say_what_it_is(http: httpx.Client, parameters: str, rule: str) -> None:
    answer = ask(http, bytes(192), RAW + parameters)

    assert (answer.status_code, answer.json()["rule"]) == (422, rule)
