"""The doctor: examines an installation and names one command for each problem."""

import importlib.util
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tatara.core.home import apply_library_environment, library_environment, project_root, state_root
from tatara.doctor import accelerators, installation, machine, stores
from tatara.doctor.finding import Finding, Status, ask

__all__ = ["Finding", "Status", "examine", "lines"]


def examine(gpu: bool = False, port: int = 0) -> list[Finding]:
    """Examine this installation: every finding, in the order in which one thing rests on another.

    Libraries are asked in processes of their own, all at once and each for at most 50 s.

    Args:
        gpu: a GPU is demanded; without one, findings fail.
        port: that a service is to listen on; any free one by default.

    Raises:
        UsageError: not inside a project.
    """
    project, state = project_root(), state_root()
    (folder,) = machine.state_folder(project, state)
    if folder.status == "ok":
        apply_library_environment()
    examinations: list[Callable[[], Iterable[Finding]]] = [
        installation.python_version,
        lambda: installation.lock_drift(project),
        lambda: installation.environment(state),
        lambda: [folder],
        lambda: installation.stray_state(project, state),
        lambda: machine.disk(state),
        machine.shared_memory,
        lambda: machine.port(port),
        lambda: _accelerators(gpu),
        *_stores(project, state, folder),
    ]
    with ThreadPoolExecutor(len(examinations)) as pool:
        return [finding for found in pool.map(lambda each: list(each()), examinations) for finding in found]


def _stores(project: Path, state: Path, folder: Finding) -> list[Callable[[], Iterable[Finding]]]:
    if folder.status != "ok":
        unknown = "not examined: the state root cannot be written to"
        return [lambda: [Finding(name, "fail", unknown, folder.fix) for name in ("mlflow", "dvc", "bento")]]
    settings = {**library_environment(state), **os.environ}
    return [
        lambda: stores.mlflow_store(settings["MLFLOW_TRACKING_URI"]),
        lambda: stores.dvc_remote(project),
        lambda: stores.bento_store(settings["BENTOML_HOME"]),
    ]


def _accelerators(gpu: bool) -> Iterable[Finding]:
    trains = importlib.util.find_spec("tensorflow") is not None
    with ThreadPoolExecutor(2) as pool:
        tensorflow = pool.submit(ask, "tensorflow") if trains else None
        onnxruntime = pool.submit(ask, "onnxruntime")
        facts = accelerators.machine_facts()
        seen = tensorflow.result() if tensorflow else None
        return list(accelerators.judge(facts, seen, onnxruntime.result(), gpu))


def lines(findings: Iterable[Finding]) -> list[str]:
    """A line a finding for a terminal, and its command below where something is to be done."""
    findings = list(findings)
    width = max(len(finding.name) for finding in findings)
    said = []
    for finding in findings:
        said.append(f"{finding.status:<4}  {finding.name:<{width}}  {finding.detail}")
        if finding.fix:
            said.append(f"      {'':<{width}}  -> {finding.fix}")
    counts = {status: sum(finding.status == status for finding in findings) for status in ("ok", "warn", "fail")}
    return [*said, ", ".join(f"{count} {status}" for status, count in counts.items() if count)]
