"""A team's stores: MLflow in PostgreSQL, artifacts behind a URL elsewhere."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tatara.core.files import sha256_file

Command = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL of our own; as root it runs as another user, since it refuses root."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="tatara-postgresql-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, user)
    port = _free_port()

    def run(program: str, *words: str) -> None:
        log = folder / f"{program}.log"  # not a pipe: the server would keep it open
        with log.open("ab") as output:
            done = subprocess.run([programs / program, *words], stdout=output, stderr=output, cwd=folder, user=user)
        assert done.returncode == 0, log.read_text()

    data = str(folder / "data")
    run("initdb", "--pgdata", data, "--username=tatara", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "server.log"), "--options", options)
    try:
        yield f"postgresql+psycopg://tatara@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=immediate", "--pgdata", data)
        shutil.rmtree(folder)


def test_a_run_is_logged_and_registered_in_postgresql(
    postgresql: str, checkout: Path, command: Command, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    store = tmp_path / "store"
    words = ("tatara", "run", "classification", "data=digits", "model=small_cnn", "epochs=1", "--json")
    done = command(*words, MLFLOW_TRACKING_URI=postgresql, TATARA_ARTIFACTS=store.as_uri())
    result = json.loads(done.stdout)

    client = MlflowClient(tracking_uri=postgresql, registry_uri=postgresql)
    run = client.get_run(result["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "1"
    assert run.data.metrics
    assert run.info.artifact_uri.startswith(store.as_uri())
    version = client.get_model_version(result["name"], str(result["version"]))
    assert version.run_id == result["run_id"]
    models = [path for path in store.rglob("model.onnx") if sha256_file(path) == result["onnx"]["sha256"]]
    assert models, "the registered ONNX file lies in the artifact store"
    assert not (checkout / ".tatara" / "mlflow" / "mlflow.db").exists()
