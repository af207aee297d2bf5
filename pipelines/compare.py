"""Runs side by side: metrics with intervals, size, work, time, and the paired difference on the same examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.parameters import evaluation_module
from pipelines.workspace import Workspace, find_workspace
from tatara.core.contract import Strict
from tatara.core.errors import UsageError
from tatara.core.files import read_json
from tatara.core.statistics import Interval


class Row(Strict):
    """One run; what its stages have not made yet is None.

    Attributes:
        run, run_id: folder name of the workspace, or NAME/VERSION where that was asked for; MLflow's id.
        data, model: names.
        metrics: by name.
        parameters, flops, bytes: weights, operations for one example (a multiply-add counts as two), of ``model.onnx``.
        training_seconds: in all epochs.
        latency_ms: median for one image, from file bytes.
    """

    run: str
    run_id: str
    data: str
    model: str
    metrics: dict[str, Interval]
    parameters: int | None
    flops: int | None
    bytes: int | None
    training_seconds: float | None
    latency_ms: float | None


class Pair(Strict):
    """A run against the first one, on the test examples that both answered.

    Attributes:
        run, baseline: as their rows name them.
        examples: in common, by digest.
        differences: metric -> run minus baseline, with a 95 % interval; the first metric is the one that decides.
        p_value: of the hypothesis that both are right equally often (McNemar's exact test), for kinds with an answer
            that is right or wrong.
    """

    run: str
    baseline: str
    examples: int
    differences: dict[str, Interval]
    p_value: float | None


class Comparison(Strict):
    """What ``tatara compare`` answers."""

    runs: tuple[Row, ...]
    pairs: tuple[Pair, ...]


def compare(runs: Sequence[str]) -> Comparison:
    """Compare runs, each given by folder, name, MLflow id or registered NAME/VERSION; the first is the baseline.

    Raises:
        UsageError: fewer than two runs, or one that is not there.
    """
    if len(runs) < 2:
        raise UsageError("compare takes two runs or more: `tatara compare RUN RUN`")
    named = [_found(run) for run in runs]
    pairs = [_pair(other, named[0]) for other in named[1:]]
    return Comparison(
        runs=tuple(_row(name, workspace) for name, workspace in named),
        pairs=tuple(pair for pair in pairs if pair is not None),
    )


def _found(reference: str) -> tuple[str, Workspace]:
    """What a run is called, and its folder; of a registered version that has none here, what MLflow keeps of it."""
    if "/" not in reference or Path(reference).is_dir():
        workspace = find_workspace(reference)
        return workspace.path.name, workspace
    from registry import store, versions

    version = versions.find(reference)
    try:
        return f"{version.name}/{version.version}", find_workspace(str(version.run_id))
    except UsageError:
        return f"{version.name}/{version.version}", Workspace(store.local_artifacts(str(version.run_id), ""))


def _row(name: str, workspace: Workspace) -> Row:
    parameters, trained = workspace.parameters("train"), _read(workspace, "train", "run.json")
    card = _read(workspace, "convert", "card.json")
    return Row(
        run=name, run_id=workspace.run_id, data=parameters.data, model=parameters.model,
        metrics=_read(workspace, "evaluate", "metrics.json"),
        parameters=card.get("parameters", trained.get("parameters")), flops=card.get("flops"), bytes=card.get("bytes"),
        training_seconds=trained.get("training_seconds"),
        latency_ms=_read(workspace, "evaluate", "latency.json").get("median_ms"),
    )  # fmt: skip


def _read(workspace: Workspace, stage: str, name: str) -> dict[str, Any]:
    path = workspace.path / stage / name
    return dict(read_json(path)) if path.exists() else {}


def _pair(run: tuple[str, Workspace], baseline: tuple[str, Workspace]) -> Pair | None:
    """The paired comparison, or None where one is not evaluated, kinds differ or no test example is common to both."""
    import pandas

    (name, run_folder), (against, baseline_folder) = run, baseline
    if not (run_folder.finished("evaluate") and baseline_folder.finished("evaluate")):
        return None
    if run_folder.parameters("evaluate").kind != (kind := baseline_folder.parameters("evaluate").kind):
        return None
    frames = [
        pandas.read_parquet(one.folder("evaluate") / "predictions.parquet") for one in (run_folder, baseline_folder)
    ]
    if not (examples := len(set(frames[0]["digest"]) & set(frames[1]["digest"]))):
        return None
    differences, p_value = evaluation_module(kind).compared(*frames, seed=0)
    return Pair(run=name, baseline=against, examples=examples, differences=differences, p_value=p_value)
