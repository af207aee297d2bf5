import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tatara.core.home import library_environment
from tatara.doctor import Finding, accelerators, examine, installation, lines, machine, stores
from tatara.doctor.finding import ask
from tatara.doctor.probes.libraries import loadable


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowded machine is no fault of the installation."""
    monkeypatch.setattr("tatara.doctor.finding.SECONDS", 250.0)


def only(findings: Any) -> Finding:
    (finding,) = findings
    return finding


def run(fix: str | None, folder: Path) -> None:
    """Do what the doctor says, as a user would."""
    assert fix is not None
    subprocess.run(["bash", "-c", fix], cwd=folder, check=True, capture_output=True)


# The whole


@pytest.mark.slow
def test_a_healthy_project_is_healthy_and_nothing_of_the_examination_stays(project: Path):
    findings = {finding.name: finding for finding in examine()}
    order = ["python", "lock", "environment", "state", "stray state", "disk", "shared memory", "port", "gpu",
             "tensorflow", "onnxruntime", "mlflow", "dvc", "bento"]  # fmt: skip
    assert [name for name in findings if name in order] == order
    about_the_machine = {"lock", "disk", "shared memory", "gpu"}
    assert not {
        name: each for name, each in findings.items() if each.status == "fail" and name not in about_the_machine
    }
    assert version("onnxruntime") in findings["onnxruntime"].detail
    state = project / ".tatara"
    with sqlite3.connect(state / "mlflow" / "mlflow.db") as database:
        assert database.execute("select name from experiments").fetchall() == [("Default",)]
        assert database.execute("select count(*) from runs").fetchone() == (0,)
    assert not list((state / "mlflow").rglob("*doctor*"))
    assert not [path for path in (state / "bentoml").rglob("*doctor*") if path.is_file()]
    assert subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True).stdout == b""


def test_a_state_root_that_is_a_file_is_the_one_thing_to_mend(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tatara.doctor._accelerators", lambda gpu: [])  # examined above, and slow to ask
    (project / "file").touch()
    monkeypatch.setenv("TATARA_HOME", str(project / "file"))
    failed = {finding.name: finding for finding in examine() if finding.status == "fail" and finding.name != "lock"}
    assert set(failed) == {"state", "mlflow", "dvc", "bento"}
    assert {finding.fix for finding in failed.values()} == {"unset TATARA_HOME"}


def test_lines_put_one_command_below_each_problem():
    said = lines([Finding("a", "ok", "fine"), Finding("long name", "fail", "broken", "mend it")])
    assert said == ["ok    a          fine", "fail  long name  broken", "                 -> mend it", "1 ok, 1 fail"]


# What is installed


@pytest.mark.parametrize(
    ("numbers", "status"), [((3, 11, 2), "ok"), ((3, 12, 9), "ok"), ((3, 10, 1), "fail"), ((3, 13, 0), "fail")]
)
def test_python(numbers: tuple[int, ...], status: str):
    assert only(installation.python_version(numbers)).status == status


@pytest.fixture
def lock(tmp_path: Path) -> Callable[[str], Finding]:
    def examined(text: str) -> Finding:
        for extra in ("dev", "train", "gpu-train", "serve", "gpu-serve"):
            (tmp_path / "requirements").mkdir(exist_ok=True)
            (tmp_path / "requirements" / f"{extra}.txt").write_text(text)
        return only(installation.lock_drift(tmp_path))

    return examined


def test_an_environment_as_in_the_lock(lock):
    text = f"""\
numpy=={version("numpy")} ; python_version >= '3.11' \\
    --hash=sha256:0
    # via x
Pillow=={version("pillow")}
numpy==1.0 ; python_version < '3.11'
"""
    assert lock(text) == Finding("lock", "ok", lock(text).detail)
    assert lock(text).detail.startswith("2 packages")


def test_another_version_and_a_missing_package_are_drift(lock):
    finding = lock(f"numpy==0.0.1 \\\n    --hash=sha256:0\nno_such.package==3\npillow=={version('pillow')}\n")
    assert finding.status == "fail"
    assert f"numpy {version('numpy')} (lock: 0.0.1), no_such.package missing (lock: 3)" in finding.detail
    assert finding.fix


def test_a_missing_lock(tmp_path: Path):
    finding = only(installation.lock_drift(tmp_path))
    assert finding.status == "fail"
    assert "git checkout -- requirements/" in str(finding.fix)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in library_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("DO_NOT_TRACK", "0", "fail"),
        ("MLFLOW_DISABLE_TELEMETRY", "false", "fail"),
        ("GX_ANALYTICS_ENABLED", "true", "fail"),
        ("GX_ANALYTICS_ENABLED", "False", "ok"),
        ("KERAS_HOME", "/elsewhere", "warn"),
        ("MLFLOW_TRACKING_URI", "sqlite:////elsewhere/mlflow.db", "warn"),
        ("MLFLOW_TRACKING_URI", "postgresql://team@db/mlflow", "ok"),
        ("TF_CPP_MIN_LOG_LEVEL", "0", "ok"),
    ],
)
def test_settings_that_speak_or_point_elsewhere(settings: Path, monkeypatch: pytest.MonkeyPatch, name, value, status):
    monkeypatch.setenv(name, value)
    finding = only(installation.environment(settings))
    assert finding.status == status
    assert finding.fix == (None if status == "ok" else f"unset {name}")


def test_stray_state_is_found_and_the_fix_moves_it(tmp_path: Path):
    state = tmp_path / ".tatara"
    assert only(installation.stray_state(tmp_path, state)).status == "ok"
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlflow.db").touch()
    finding = only(installation.stray_state(tmp_path, state))
    assert finding.status == "warn"
    assert "mlruns, mlflow.db" in finding.detail
    run(finding.fix, tmp_path)
    assert only(installation.stray_state(tmp_path, state)).status == "ok"
    assert (state / "stray" / "mlruns").is_dir()


# The machine


def test_a_state_root_that_cannot_be(tmp_path: Path):
    (tmp_path / "file").touch()
    assert only(machine.state_folder(tmp_path, tmp_path / "new" / "state")).status == "ok"
    for place in (tmp_path / "file", tmp_path / "file" / "state"):
        finding = only(machine.state_folder(tmp_path, place))
        assert (finding.status, finding.fix) == ("fail", "unset TATARA_HOME")
        assert str(place) in finding.detail


def test_disk_is_judged_where_the_state_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "_DISK_WARN", 2**70)
    assert only(machine.disk(tmp_path / "not" / "yet")).status == "warn"
    monkeypatch.setattr(machine, "_DISK_FAIL", 2**70)
    finding = only(machine.disk(tmp_path))
    assert (finding.status, finding.fix) == ("fail", f"rm -r {tmp_path}/cache")


def test_shared_memory_that_is_not_there_or_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert only(machine.shared_memory(tmp_path / "none")).status == "warn"
    assert only(machine.shared_memory(tmp_path)).status == "ok"
    monkeypatch.setattr(machine, "_SHARED_FAIL", 2**70)
    assert "remount" in str(only(machine.shared_memory(tmp_path)).fix)


def test_a_port_that_is_taken():
    assert only(machine.port()).status == "ok"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        finding = only(machine.port(number))
    assert finding.status == "fail"
    assert f"127.0.0.1:{number} cannot be listened on (Address already in use)" in finding.detail


# The stores


def test_a_damaged_mlflow_database_and_the_fix(project: Path):
    path = project / ".tatara" / "mlflow" / "mlflow.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"this is not a database, but it is long enough to look like one " * 40)
    finding = only(stores.mlflow_store(f"sqlite:///{path}"))
    assert (finding.name, finding.status) == ("mlflow", "fail")
    assert "not a database" in finding.detail
    run(finding.fix, project)
    assert only(stores.mlflow_store(f"sqlite:///{path}")).status == "ok"


def test_a_store_that_does_not_answer_and_whose_password_stays_secret(project: Path, monkeypatch: pytest.MonkeyPatch):
    uri = "postgresql://tatara:hunter2@127.0.0.1:1/mlflow"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr("tatara.doctor.finding.SECONDS", 6.0)
    finding = only(stores.mlflow_store(uri))
    assert finding.status == "fail"
    assert "postgresql://tatara:***@127.0.0.1:1/mlflow" in finding.detail
    assert "hunter2" not in f"{finding.detail} {finding.fix}"
    assert finding.fix == "unset MLFLOW_TRACKING_URI"


def test_a_remote_that_is_gone_and_the_fix(project: Path):
    subprocess.run(["rm", "-r", project / ".dvc" / "embedded"], check=True)
    finding = only(stores.dvc_remote(project))
    assert (finding.name, finding.status) == ("dvc", "fail")
    assert "remote embedded: nothing at" in finding.detail
    run(finding.fix, project)
    assert only(stores.dvc_remote(project)).status == "ok"


def test_a_team_s_folder_that_is_not_mounted(project: Path):
    (project / ".dvc" / "config.local").write_text(
        "[core]\n    remote = team\n['remote \"team\"']\n    url = /not/mounted/dvc\n"
    )
    finding = only(stores.dvc_remote(project))
    assert finding.status == "fail"
    assert finding.fix == "dvc remote modify team url PATH"


def test_a_bento_store_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "file" / "bentoml"))
    finding = only(stores.bento_store(str(tmp_path / "file" / "bentoml")))
    assert (finding.name, finding.status) == ("bento", "fail")
    assert finding.fix == "unset BENTOML_HOME TATARA_HOME"


def test_a_probe_that_fails_or_hangs_is_one_line(monkeypatch: pytest.MonkeyPatch):
    assert "No module named 'tatara.doctor.probes.no_such'" in ask("no_such")["error"]
    monkeypatch.setattr("tatara.doctor.finding.SECONDS", 0.01)
    assert ask("tracking") == {"error": "no answer within 0.01 s"}


# Accelerators: facts as the probes give them, on machines of several kinds

H200 = {"name": "NVIDIA H200", "driver": "580.95.05", "capability": [9, 0], "memory": "143771 MiB"}
WITH_GPU = {"gpus": [H200], "cuda": [13, 0]}
WITHOUT = {"gpus": [], "cuda": None}
LOADED = {
    "cuda": {"library": "libcudart.so.12", "version": [12, 9]},
    "cudnn": {"library": "libcudnn.so.9", "version": [9, 28]},
    "cupti": {"library": "libcupti.so.12", "version": [26]},
}
GPU_BUILD = {
    "version": "2.21.0", "cuda": "12.5.1", "cudnn": "9", "capabilities": ["sm_60", "sm_80", "sm_90", "compute_90"],
    "gpus": [{"name": "NVIDIA H200", "capability": [9, 0]}], "libraries": LOADED,
}  # fmt: skip
CPU_BUILD = {"version": "2.21.0", "cuda": None, "cudnn": None, "capabilities": [], "gpus": [], "libraries": {}}
ORT_CPU = {"version": "1.31.1", "cuda": None, "cudnn": None, "ran_on": "CPUExecutionProvider", "libraries": {}}
ORT_GPU = {
    "version": "1.31.1", "cuda": "13.0", "cudnn": "9", "ran_on": "CUDAExecutionProvider",
    "libraries": {
        "cuda": {"library": "libcudart.so.13", "version": [13, 0]}, "cudnn": LOADED["cudnn"],
        "cupti": {"library": "libcupti.so.13", "version": [130000]},
    },
}  # fmt: skip


def missing(library: str) -> dict[str, Any]:
    return {**LOADED, library: {"library": f"lib{library}.so", "error": "cannot open shared object file"}}


def wrong(library: str, number: int) -> dict[str, Any]:
    return {**LOADED, library: {"library": f"lib{library}.so", "version": [number, 1]}}


JUDGED: dict[str, tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any], bool, dict[str, str]]] = {
    "no GPU and none asked for": (WITHOUT, CPU_BUILD, ORT_CPU, False, {}),
    "no GPU, asked for": (WITHOUT, CPU_BUILD, ORT_CPU, True, {"gpu": "fail", "tensorflow": "fail"}),
    "no GPU, GPU build, none asked for": (WITHOUT, GPU_BUILD | {"gpus": []}, ORT_CPU, False, {}),
    "no GPU, GPU build, asked for": (
        WITHOUT, GPU_BUILD | {"gpus": []}, ORT_CPU, True, {"gpu": "fail", "tensorflow": "fail"},
    ),
    "a GPU that lies idle": (WITH_GPU, CPU_BUILD, ORT_CPU, False, {"tensorflow": "warn"}),
    "a GPU that trains": (WITH_GPU, GPU_BUILD, ORT_CPU, True, {}),
    "a GPU that serves": (WITH_GPU, None, ORT_GPU, True, {}),
    "a serving environment without its GPU build": (WITH_GPU, None, ORT_CPU, True, {"onnxruntime": "fail"}),
    "ONNX Runtime falls back to the CPU": (
        WITH_GPU, None, ORT_GPU | {"ran_on": "CPUExecutionProvider"}, False, {"onnxruntime": "fail"},
    ),
    "a driver older than CUDA": (
        WITH_GPU | {"cuda": [11, 8]}, GPU_BUILD | {"gpus": []}, ORT_CPU, False,
        {"tensorflow": "fail", "tensorflow driver": "fail"},
    ),
    "a driver of the same major version": (WITH_GPU | {"cuda": [12, 2]}, GPU_BUILD, ORT_CPU, False, {}),
    "cuDNN that cannot be loaded": (
        WITH_GPU, GPU_BUILD | {"gpus": [], "libraries": missing("cudnn")}, ORT_CPU, False,
        {"tensorflow": "fail", "tensorflow cudnn": "fail"},
    ),
    "another cuDNN": (
        WITH_GPU, GPU_BUILD | {"libraries": wrong("cudnn", 8)}, ORT_CPU, False, {"tensorflow cudnn": "fail"},
    ),
    "another CUDA": (
        WITH_GPU, GPU_BUILD | {"libraries": wrong("cuda", 11)}, ORT_CPU, False, {"tensorflow cuda": "fail"},
    ),
    "no CUPTI": (WITH_GPU, GPU_BUILD | {"libraries": missing("cupti")}, ORT_CPU, False, {"tensorflow cupti": "warn"}),
    "a GPU too old": (
        {"gpus": [H200 | {"capability": [5, 2]}], "cuda": [13, 0]}, GPU_BUILD, ORT_CPU, False,
        {"tensorflow compute capability": "fail"},
    ),
    "a GPU newer than the kernels": (
        {"gpus": [H200 | {"capability": [12, 0]}], "cuda": [13, 0]}, GPU_BUILD, ORT_CPU, False,
        {"tensorflow compute capability": "warn"},
    ),
    "a later minor version of the same kernels": (
        {"gpus": [H200 | {"capability": [8, 9]}], "cuda": [13, 0]}, GPU_BUILD, ORT_CPU, False, {},
    ),
    "TensorFlow does not start": (WITHOUT, {"error": "ImportError: libfoo"}, ORT_CPU, False, {"tensorflow": "fail"}),
    "nvidia-smi does not answer": (WITHOUT | {"error": "nvidia-smi: 9"}, CPU_BUILD, ORT_CPU, False, {"gpu": "warn"}),
}  # fmt: skip


@pytest.mark.parametrize(("machine_", "tensorflow", "onnxruntime", "gpu", "expected"), JUDGED.values(), ids=JUDGED)
def test_what_does_not_meet_is_named_with_one_command(machine_, tensorflow, onnxruntime, gpu, expected):
    findings = list(accelerators.judge(machine_, tensorflow, onnxruntime, gpu))
    assert {each.name: each.status for each in findings if each.status != "ok"} == expected
    for each in findings:
        assert (each.fix is None) == (each.status == "ok")
        assert "\n" not in f"{each.detail}{each.fix}"


def test_a_mismatch_says_both_versions():
    found = {
        each.name: each.detail
        for each in accelerators.judge(
            WITH_GPU | {"cuda": [11, 8]}, GPU_BUILD | {"libraries": wrong("cudnn", 8)}, ORT_CPU, False
        )
    }
    assert found["tensorflow driver"] == "tensorflow is built for CUDA 12.5.1, the driver takes CUDA up to 11.8"
    assert found["tensorflow cudnn"] == "libcudnn.so is version 8.1, tensorflow is built for 9"
    assert found["gpu"].startswith("NVIDIA H200, 143771 MiB, compute capability 9.0; driver 580.95.05")


def nvidia_smi(folder: Path, body: str) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!{sys.executable}\n{body}\n")
    tool.chmod(0o755)


def test_nvidia_smi_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert accelerators.machine_facts()["gpus"] == []
    nvidia_smi(tmp_path, "print('NVIDIA H200, 580.95.05, 9.0, 143771 MiB\\nNVIDIA H200, 580.95.05, 9.0, 143771 MiB')")
    assert accelerators.machine_facts()["gpus"] == [H200, H200]
    nvidia_smi(tmp_path, "raise SystemExit(9)")
    facts = accelerators.machine_facts()
    assert facts["gpus"] == []
    assert "exit status 9" in facts["error"]


def test_libraries_that_are_not_there_are_errors_by_name():
    found = loadable(cuda=99, cudnn=99)
    assert [each["library"] for each in found.values()] == ["libcudart.so.99", "libcudnn.so.99", "libcupti.so.99"]
    assert all("libcu" in each["error"] for each in found.values())
