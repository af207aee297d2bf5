"""``run`` and the single steps."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tatara.core.errors import UsageError
from tatara.verbs import VERBS, Output, Request

_OWN = ("workspace", "params", "resume")


def run(request: Request, output: Output) -> int:
    """The whole way; with ``serve=true`` on to a served and answered request."""
    from pipelines.run import run_all
    from pipelines.workspace import find_workspace, new_workspace

    if "resume" in request.options:
        workspace = find_workspace(request.options["resume"])
        parameters = workspace.resumed_parameters()
    else:
        parameters = _parameters(request)
        workspace = _workspace(request) or new_workspace(parameters)
    result = run_all(workspace, parameters)
    if parameters.serve:
        from tatara.verbs.serve import answered_once

        result["served"] = answered_once(result["name"], result["version"], parameters.gpu)
    output.give(result, render(result))
    return 0


_SHOWN = (
    "accuracy", "ssim", "psnr", "psnr_gain", "mask_ap50", "mask_ap", "ap50", "ap", "miou", "pixel_accuracy", "log_loss",
    "calibration_error",
)  # fmt: skip


def render(result: dict[str, Any]) -> str:
    """A finished run in lines for people."""
    parity, metrics = result["onnx"]["parity"], result["metrics"]
    seconds = ", ".join(f"{stage} {value:.1f}" for stage, value in result["seconds"].items())
    shown = [name for name in _SHOWN if name in metrics]
    lines = [
        f"registered  {result['name']}/{result['version']} ({result['verdict'].replace('_', ' ')})",
        (
            f"approval    {result['approval']['decision']} by {' and '.join(result['approval']['by'])}"
            f"{' (automatic)' if result['approval']['automatic'] else ''}: {result['approval']['reason']}"
        ),
        *(f"{name:<11} {_interval(metrics[name])}" for name in shown),
        f"parity      {parity['max_abs']:.1e} largest difference on {parity['examples']} examples",
        f"bento       {result['bento']}",
        f"lineage     {result['lineage']}",
        f"seconds     {seconds}",
        f"run         {result['run_id']}",
        *(f"warning     {warning}" for warning in result["warnings"]),
    ]
    if "served" in result:
        lines.append(f"served      {result['served']['text']}, asked over HTTP on a free port; stopped again")
    lines.append(f"next        tatara serve {result['name']}/{result['version']}")
    return "\n".join(lines)


def _interval(metric: dict[str, float]) -> str:
    return f"{metric['value']:.4f}  [{metric['low']:.4f}, {metric['high']:.4f}]"


def _step(stage: str, request: Request, output: Output) -> int:
    from pipelines.run import run_stage
    from pipelines.workspace import STAGES, Workspace, new_workspace

    workspace = _workspace(request)
    before = STAGES[: STAGES.index(stage)]
    if request.words or {"data", "params"} & request.options.keys() or workspace is None:
        parameters = _parameters(request)
    else:
        finished = [earlier for earlier in before if workspace.finished(earlier)]
        parameters = workspace.parameters(finished[-1] if finished else before[-1] if before else stage)
        parameters = _overridden(parameters, request)
    if workspace is None:
        if stage != "validate":
            raise UsageError(f"{stage} needs workspace=RUN, the folder that the earlier steps wrote")
        workspace = new_workspace(parameters)
    assert isinstance(workspace, Workspace)
    seconds = run_stage(stage, workspace, parameters)
    folder = workspace.folder(stage)
    result = {"stage": stage, "workspace": str(workspace.path), "folder": str(folder), "seconds": round(seconds, 2)}
    following = [later for later in STAGES[STAGES.index(stage) + 1 :] if later in VERBS]
    steps = [f"tatara {later} workspace={workspace.path}" for later in following[:1]]
    if stage == "check" and (what := _waiting(workspace)):
        steps.insert(0, f"a reviewer: tatara review approve {what} reason=...")
    output.give(result, "\n".join([str(folder), *(f"next        {', then '.join(steps)}" for _ in steps[:1])]))
    return 0


def _waiting(workspace: Any) -> str | None:
    """The version that was checked, where a person decides on it."""
    from registry import review
    from tatara.core.files import read_json

    made = read_json(workspace.folder("register") / "registration.json")
    state = review.record(made["name"], made["version"]).summary.state
    return f"{made['name']}/{made['version']}" if state == "in_review" else None


def _overridden(parameters: Any, request: Request) -> Any:
    from pipelines.earlier import asked

    given = {key: value for key, value in request.options.items() if key not in _OWN}
    if not given:
        return parameters
    return asked(parameters.kind, {**parameters.model_dump(mode="json"), **given}, explicit=given.keys(), beside=_OWN)


def _parameters(request: Request) -> Any:
    from pipelines.earlier import asked

    given: dict[str, Any] = _read_params(request.options["params"]) if "params" in request.options else {}
    given.update({key: value for key, value in request.options.items() if key not in _OWN})
    kind = request.words[0] if request.words else given.get("kind")
    if len(request.words) > 1:
        raise UsageError(f"{request.words[1]!r} is no parameter; write key=value")
    if kind is None:
        raise UsageError("which kind? write for example: tatara run classification data=digits")
    given.pop("kind", None)
    return asked(kind, {key: _typed(value) for key, value in given.items()}, beside=_OWN)


def _read_params(path: str) -> dict[str, Any]:
    try:
        read = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"params={path} cannot be read ({str(error).splitlines()[0]})") from None
    if not isinstance(read, dict):
        raise UsageError(f"params={path} is not a mapping of parameters")
    sections = [value if isinstance(value, dict) else {key: value} for key, value in read.items()]
    return {key: value for section in sections for key, value in section.items()}


def _typed(value: Any) -> Any:
    """Lists are written ``[1, 2, 3]`` and no value ``null``; every other string is typed by the parameter it is for."""
    if isinstance(value, str) and (value.startswith("[") or value == "null"):
        return yaml.safe_load(value)
    return value


def _workspace(request: Request) -> Any:
    from pipelines.workspace import Workspace, find_workspace

    given = request.options.get("workspace")
    if given is None:
        return None
    path = Path(given)
    return Workspace(path.absolute()) if path.parent != Path() else find_workspace(given)


validate = partial(_step, "validate")
train = partial(_step, "train")
convert = partial(_step, "convert")
evaluate = partial(_step, "evaluate")
register = partial(_step, "register")
check = partial(_step, "check")
package = partial(_step, "package")
