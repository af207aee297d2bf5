"""Asking a served model, or a model folder, from Python."""

import importlib
import io
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from PIL import Image

from services.launch import launch
from services.settings import Settings
from tatara.core.client import Client, Local, predict_local
from tatara.core.errors import BoundError, DecodeError, RefusedError, TataraError, UsageError
from tatara.core.options import OptionError
from tests.services.images import encoded, scene
from tests.services.in_process import serving
from tests.services.model_folder import BOUNDS, build, plain, write_model_folder

RED, BLUE = plain(200, 10, 10), plain(10, 10, 200)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("client")
    home = build(folder, bounds=BOUNDS)
    with launch("colours:1", home, folder / "log") as service, Client(service.url) as found:
        yield found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("local") / "model", bounds=BOUNDS)


def test_paths_and_bytes_are_answered_alike_served_or_local(client: Client, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "青 い.png"
    path.write_bytes(BLUE)

    served = client.predict([path, RED, str(path)], top=2)

    assert [answer.label for answer in served] == ["blue", "red", "blue"]
    assert [len(answer.top) for answer in served] == [2, 2, 2]
    local = predict_local(model, [path, RED, str(path)], top=2)
    assert [answer.label for answer in local] == [answer.label for answer in served]
    assert [answer.score for answer in local] == pytest.approx([answer.score for answer in served], abs=1e-6)


def test_it_says_who_answers_and_from_what(client: Client) -> None:
    assert client.model == ("colours", "1")
    assert [link.name for link in client.lineage.links] == ["data", "version", "approval"]


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ([], UsageError, "no file to predict"),
        (["nowhere.png"], UsageError, "nowhere.png: No such file"),
        ([RED, RED[:40]], DecodeError, "file 2: not an image"),
        ([plain(1, 2, 3, side=1)], BoundError, "file 1: width_within: width is 1"),
    ],
)
def test_what_cannot_be_answered_is_the_same_error_served_or_local(
    client: Client, model: Path, files: list[str | bytes], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as served:
        client.predict(files)
    with pytest.raises(kind, match=message) as local:
        predict_local(model, files)
    assert type(served.value) is type(local.value)


def test_a_changed_model_folder_is_refused(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "model")
    (folder / "parity.json").write_text("{}")

    with pytest.raises(RefusedError, match=r"parity\.json was changed"):
        predict_local(folder, [RED])


def test_nobody_there_is_said_in_one_line() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(url) as nobody, pytest.raises(TataraError, match=r"does not answer.*is the service running"):
            nobody.predict([RED])
    with pytest.raises(UsageError, match="is not the address of a service"):
        Client("digits")


def test_another_server_is_recognized() -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with Client(url) as other, pytest.raises(TataraError, match="is not a Tatara service"):
            _ = other.model
        server.shutdown()


OPTIONS = {
    "detection": {"score": 0.4, "classes": ["blue"]},
    "instances": {"masks": "polygon", "top": 1},
    "segmentation": {"masks": "rle", "classes": "red,blue"},
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_kind_answers_with_its_own_type_served_or_local(tmp_path: Path, kind: str) -> None:
    folder = write_model_folder(tmp_path / "model", BOUNDS, kind)
    files = [encoded(scene()), RED]
    with serving(folder) as url, Client(url) as served:
        answers = served.predict(files, **OPTIONS[kind])
        assert served.contract.kind == kind
        picture = Image.open(io.BytesIO(served.render(files[0], **OPTIONS[kind])))

    assert answers == predict_local(folder, files, **OPTIONS[kind])
    assert {type(answer) for answer in answers} == {importlib.import_module(f"tatara.core.kinds.{kind}").Answer}
    assert (picture.format, picture.size) == ("PNG", (40, 24))


def test_the_others_are_answered_where_one_file_is_bad(tmp_path: Path) -> None:
    folder = write_model_folder(tmp_path / "model", BOUNDS, "detection")
    large = encoded(Image.effect_noise((60, 60), 50))
    files = [RED, RED[:40], "nowhere.png", plain(1, 2, 3, side=1), large, BLUE]
    with serving(folder, Settings(threads=1, max_body=2000)) as url, Client(url) as served:
        found = list(served.predict_each(files))
        with pytest.raises(OptionError, match="did you mean 'score'"):
            list(served.predict_each(files, scor=1))

    kinds = [type(one).__name__ for one in found]
    assert kinds == ["Answer", "DecodeError", "FileError", "BoundError", "BoundError", "Answer"]
    assert [str(one).split(":")[0] for one in found[1:4]] == ["file 2", "nowhere.png", "file 4"]
    local = list(Local(folder).predict_each(files))
    assert [type(one).__name__ for one in local] == [*kinds[:4], "Answer", "Answer"]
    with pytest.raises(OptionError, match="did you mean 'score'"):
        predict_local(folder, files, scor=1)
