"""The serving bench on a small model: that it counts what it says, not how fast this machine is."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from benchmarks.serving import load, percentile
from benchmarks.serving_sides import InProcess, Server
from benchmarks.serving_sweep import Step, at, counted, draw, floor
from tatara import cli
from tatara.core.errors import TataraError
from tatara.verbs.bench import comparison_text, sweep_text
from tests.services.images import encoded, scene
from tests.services.in_process import serving
from tests.services.model_folder import write_model_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model_folder(tmp_path_factory.mktemp("bench") / "model")


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    body = tmp_path_factory.mktemp("bodies") / "scene.png"
    body.write_bytes(encoded(scene()))
    with serving(folder) as url:
        yield Server(psutil.Process(os.getpid()), f"{url}/predict", "image/png", [body])


def test_every_request_is_counted_on_both_sides(server: Server) -> None:
    before = counted(server)["batch"]
    found = load(server, 0.5, connections=3)
    after = counted(server)["batch"]

    assert found["answered"] == len(found["latencies"]) == after[1] - before[1] > 3
    assert found["server_cpu"] > 0
    assert min(found["latencies"]) > 0


def test_a_rate_is_kept(server: Server) -> None:
    assert load(server, 1.0, connections=4, rate=20)["answered"] == 20


def test_a_refusal_ends_the_load(server: Server, tmp_path: Path) -> None:
    (tmp_path / "none.png").write_bytes(b"no image")
    broken = Server(server.process, server.url, server.content_type, [tmp_path / "none.png"])
    with pytest.raises(TataraError, match="400"):
        load(broken, 0.2)


def test_a_step_of_the_sweep_and_its_picture(server: Server, folder: Path, tmp_path: Path) -> None:
    steps = [at(server, 0.3, connections) for connections in (1, 2)]
    assert [step.connections for step in steps] == [1, 2]
    assert all(1 <= step.batch <= step.connections for step in steps)
    assert all(step.p50_ms <= step.p90_ms <= step.p95_ms <= step.p99_ms for step in steps)

    below = floor(folder, server.bodies, 0.2)
    draw(tmp_path / "sweep.png", "colours/1", steps, below)
    assert len(set(Image.open(tmp_path / "sweep.png").convert("RGB").get_flattened_data())) > 20


def test_in_process_answers_take_turns_among_the_files() -> None:
    asked: list[bytes] = []
    side = InProcess(asked.append, [b"a", b"b", b"c"], 1)
    answered, _ = side.run(0.01)
    assert len(asked) == answered + 1
    assert asked[:5] == [b"a", b"b", b"c", b"a", b"b"]


def test_percentiles() -> None:
    values = list(range(100, 0, -1))
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99)] == [1, 51, 100]


def test_the_tables_say_what_was_skipped_and_what_was_not_steady() -> None:
    sides = {"ceiling": 300.0, "ours": 270.0}
    found = {
        "requests_per_second": sides, "cpu_ms": sides, "ratios": {"ceiling": 0.9}, "cpu_ratios": {"ceiling": 0.91},
        "p50_ms": {"ours": 50.0}, "p99_ms": {"ours": 80.0},
        "one_connection": {"p50_ms": 5.0, "floor_ms": 4.5, "by_floor": 1.11},
        "half_load": {"requests_per_second": 135.0, "p50_ms": 6.0, "p99_ms": 9.0, "p99_by_p50": 1.5},
        "ready_seconds": 2.5, "skipped": {"litserve": "litserve is not installed; make setup"},
    }  # fmt: skip
    assert "skipped litserve: litserve is not installed" in comparison_text(found)
    step = vars(Step(1, 9.0, 1.0, 2.0, 3.0, 4.0, 1.0, 0.0, 5.0, steady=False))
    swept = {
        "steps": [step], "floor": {"requests_per_second": 5.0, "p50_ms": 1.0}, "throughput_by_floor": 1.8,
        "one_connection_by_floor": 1.0, "picture": "x.png",
    }  # fmt: skip
    assert "p99 not steady" in sweep_text(swept)


@pytest.mark.parametrize("words", [["bench"], ["bench", "training"], ["bench", "serving", "one", "two"]])
def test_what_cannot_be_measured_is_said_in_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert "like: tatara bench serving [NAME]" in capsys.readouterr().err
