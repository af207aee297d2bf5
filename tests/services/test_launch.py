"""Starting and stopping: what may not be served is refused in one line, and nothing is left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import onnx
import onnxruntime
import psutil
import pytest
from onnx import numpy_helper

from services.launch import Service, launch
from tatara.core.client import Client
from tatara.core.errors import RefusedError, UsageError
from tatara.core.files import read_json, tree, write_json
from tatara.core.runtime import INT8, Runtime
from tests.services.model_folder import build, plain, png, write_converted


@pytest.fixture(autouse=True)
def _little_time_for_what_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_DRAIN_SECONDS", "1")


def workers() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_it_stops_without_orphans_and_leaves_the_store_as_it_was(bento_home: Path, tmp_path: Path) -> None:
    before, running = tree(bento_home / "bentos") | tree(bento_home / "models"), workers()

    with suppress(KeyboardInterrupt), launch("colours:1", bento_home, tmp_path / "log") as service:
        started = workers() - running
        files = [("files", ("a.png", plain(200, 0, 0)))]
        status = httpx.post(f"{service.url}/predict", files=files, trust_env=False).status_code
        raise KeyboardInterrupt

    assert status == 200
    assert len(started) >= 2
    assert not any(psutil.pid_exists(pid) for pid in started)
    assert tree(bento_home / "bentos") | tree(bento_home / "models") == before
    service.stop()


BUSY = """
import os, signal, subprocess, sys
if len(sys.argv) == 1:
    child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdout.readline()
    print(child.pid, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
from services.lifetime import end_with
end_with(os.getppid())
print("watching", flush=True)
while True:
    sum(range(10**6))
"""


def test_a_process_that_is_too_busy_to_be_told_ends_with_its_starter_all_the_same(tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment, check=True)
    child = psutil.Process(int(done.stdout))
    assert child.is_running()
    _, left = psutil.wait_procs([child], timeout=30)
    for one in left:
        one.kill()
    assert not left


SERVE = """
import sys
from tatara import cli
from tatara.verbs import serve
serve.bento_tag = lambda *asked: "colours:1"  # in place of a registry
sys.exit(cli.main(["serve", "colours", "--json"]))
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_lives_on_after_a_busy_tatara_serve(bento_home: Path, tmp_path: Path, end: signal.Signals) -> None:
    (tmp_path / "bentoml").symlink_to(bento_home)
    environment = {**os.environ, "TATARA_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as parent:
        url = json.loads(parent.stdout.readline())["url"]
        (supervisor,) = psutil.Process(parent.pid).children()
        started = [supervisor, *supervisor.children(recursive=True)]
        threading.Thread(target=_keep_busy, args=(url,)).start()
        _wait_until_it_computes(started[-1])
        parent.send_signal(end)
        left = psutil.wait_procs(started, timeout=10)[1]
        for one in left:
            one.kill()

    assert len(started) >= 2
    assert left == []
    assert parent.returncode == {signal.SIGTERM: 143, signal.SIGKILL: -9}[end]


def _keep_busy(url: str) -> None:
    """Half a minute's work and more in one request."""
    content = png(np.zeros((6000, 4000, 3)))
    with suppress(httpx.HTTPError):
        httpx.post(f"{url}/predict", files=[("files", ("a.png", content))] * 250, timeout=60, trust_env=False)


def _wait_until_it_computes(worker: psutil.Process) -> None:
    began, before = time.monotonic(), worker.cpu_times().user
    while worker.cpu_times().user < before + 1:
        assert time.monotonic() - began < 30
        time.sleep(0.05)


START = """
import sys
from pathlib import Path
from services.launch import Service, launch
launch("colours:1", Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("supervisor_too", [False, True])
def test_what_starts_ends_when_its_starter_is_killed(bento_home: Path, tmp_path: Path, supervisor_too: bool) -> None:
    """The worker comes to life after what it is to watch has ended."""
    command = [sys.executable, "-c", START, bento_home, tmp_path / "log"]
    with subprocess.Popen(command) as parent:
        began = time.monotonic()
        while len(started := psutil.Process(parent.pid).children(recursive=True)) < 2:
            assert time.monotonic() - began < 60
        parent.kill()
        if supervisor_too:
            started[0].kill()

    left = psutil.wait_procs(started, timeout=30)[1]
    for one in left:
        one.kill()
    assert left == []


LAUNCH = """
import sys
from pathlib import Path
from services.launch import exit_when_told, launch
exit_when_told()
with launch("colours:1", Path(sys.argv[1]), Path(sys.argv[2])) as service:
    print(service.process.pid, flush=True)
    service.wait()
"""


@pytest.mark.parametrize(
    ("told", "stuck"),
    [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGHUP, False), (signal.SIGKILL, True)],
)
def test_it_ends_with_the_process_that_started_it(
    told: signal.Signals, stuck: bool, bento_home: Path, tmp_path: Path
) -> None:
    """Whatever ends that one, and even where the worker is stopped and so heeds nothing but SIGKILL."""
    command = [sys.executable, "-c", LAUNCH, bento_home, tmp_path / "log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        supervisor = psutil.Process(int(parent.stdout.readline()))
        workers = supervisor.children(recursive=True)
        if stuck:
            for worker in workers:
                worker.suspend()
        parent.send_signal(told)
        left = psutil.wait_procs([supervisor, *workers], timeout=10)[1]
    for one in left:
        one.kill()

    assert workers
    assert left == []


def test_a_second_signal_ends_a_stuck_service_at_once(bento_home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LAUNCH, bento_home, tmp_path / "log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        supervisor = psutil.Process(int(parent.stdout.readline()))
        workers = supervisor.children(recursive=True)
        for worker in workers:
            worker.suspend()
        for _ in range(2):
            parent.send_signal(signal.SIGTERM)
            time.sleep(1)
        left = psutil.wait_procs([supervisor, *workers], timeout=1.5)[1]
    for one in left:
        one.kill()

    assert left == []


def test_a_changed_byte_is_refused_before_it_is_loaded(bento_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(bento_home, home)
    model = home / "models" / "colours" / "1" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)

    with pytest.raises(RefusedError, match=r"model\.onnx was changed since the model was packaged"):
        launch("colours:1", home, tmp_path / "log")


def test_a_resealed_change_is_refused_by_the_bentos_pin(bento_home: Path, tmp_path: Path) -> None:
    from tatara.core.manifest import seal

    home = tmp_path / "home"
    shutil.copytree(bento_home, home)
    folder = home / "models" / "colours" / "1"
    write_json(folder / "release.json", {"name": "colours", "version": "2"})
    seal(folder)

    with pytest.raises(RefusedError, match=r"manifest\.json was changed"):
        launch("colours:1", home, tmp_path / "log")


def test_it_is_never_ready_when_a_golden_answer_differs(tmp_path: Path) -> None:
    converted = write_converted(tmp_path / "convert")
    case = read_json(converted / "golden" / "cases.json")["cases"][1]
    answer = dict(np.load(converted / "golden" / case["answer"]))
    answer["probabilities"][0] += 2e-4
    np.savez_compressed(converted / "golden" / case["answer"], **answer)
    home = build(tmp_path, converted=converted)

    with pytest.raises(RefusedError, match=r"golden case .*: probability differs from TensorFlow's answer by 0\.0002"):
        launch("colours:1", home, tmp_path / "log")


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="a GPU is here")
def test_a_demanded_gpu_that_is_not_there_is_refused(bento_home: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="gpu=true, but this ONNX Runtime has no CUDA provider"):
        launch("colours:1", bento_home, tmp_path / "log", environment={"TATARA_GPU": "1"})


def test_a_taken_port_and_an_unknown_bento_are_usage_errors(bento_home: Path, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} cannot be used"):
            launch("colours:1", bento_home, tmp_path / "log", port=port)
    with pytest.raises(UsageError, match="no Bento colours:9"):
        launch("colours:9", bento_home, tmp_path / "log")


def test_a_setting_that_is_no_number_is_a_usage_error(bento_home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TATARA_MAX_BATCH='many': a whole number is needed"):
        launch("colours:1", bento_home, tmp_path / "log", environment={"TATARA_MAX_BATCH": "many"})


def test_int8_is_served_on_demand_and_held_to_its_own_tolerances(bento_home: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="int8=true, but colours/1 has no int8 graph"):
        launch("colours:1", bento_home, tmp_path / "log", environment={"TATARA_INT8": "1"})

    converted = write_converted(tmp_path / "convert")
    model = onnx.load(converted / "model.onnx")
    (weights,) = (tensor for tensor in model.graph.initializer if tensor.name == "weights")
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.float32(0.98), "weights"))
    onnx.save(model, converted / "model.int8.onnx")
    cases = read_json(converted / "golden" / "cases.json")
    write_json(converted / "golden" / "cases.json", {**cases, "int8_tolerances": {"probability": 0.05, "decided": 0}})
    home, image = build(tmp_path, converted=converted), plain(200, 20, 20)
    found = []
    for environment in ({}, {"TATARA_INT8": "1"}):
        with (
            launch("colours:1", home, tmp_path / "log", environment=environment) as service,
            Client(service.url) as client,
        ):
            found.append(client.predict([image])[0].score)

    exact, small = (Runtime(converted, model_file=name).answer_files([image])[0] for name in ("model.onnx", INT8))
    assert found == pytest.approx([exact["probabilities"].max(), small["probabilities"].max()], abs=1e-6)
    assert 1e-3 < found[0] - found[1] < 0.05


def test_nothing_of_training_is_in_the_serving_process(service: Service) -> None:
    processes = [psutil.Process(service.process.pid), *psutil.Process(service.process.pid).children(recursive=True)]
    mapped = {Path(one.path).as_posix() for process in processes for one in process.memory_maps()}
    assert any("/onnxruntime/" in path for path in mapped)
    assert [path for path in mapped if any(f"/{name}" in path for name in ("tensorflow", "keras", "h5py"))] == []
