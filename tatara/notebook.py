"""The verbs of the command line for a notebook: what they give back shows itself as tables, curves and overlays.

A notebook elsewhere tracks to a team's server where ``MLFLOW_TRACKING_URI`` names it, and asks a service where
``TATARA_URL`` does.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.errors import UsageError
from tatara.core.home import apply_library_environment

if TYPE_CHECKING:
    from tatara.displays import Comparison, Evaluation, Predictions, Run, Version, Versions

URL = "TATARA_URL"
"""Environment variable: the service that `predict` asks where no model is named."""


def train(kind: str, *, workspace: str | Path | None = None, **parameters: Any) -> "Run":
    """Validate a dataset and train on it.

    Args:
        kind: such as ``classification``.
        workspace: the run's folder; a new one by default. One that was stopped goes on.
        parameters: by the names of ``tatara train``, ``data`` among them.

    Returns:
        The run, which shows its curves and what was noticed.

    Raises:
        UsageError: an unknown parameter, or a value of the wrong type or range.
        RefusedError: the data did not pass validation.
    """
    apply_library_environment()
    from pipelines.earlier import asked
    from pipelines.run import run_stage
    from pipelines.workspace import Workspace, new_workspace
    from tatara.displays import Run

    resolved = asked(kind, parameters)
    place = Workspace(Path(workspace).absolute()) if workspace else new_workspace(resolved)
    for stage in ("validate", "train"):
        if not place.finished(stage):
            run_stage(stage, place, resolved)
    return Run(place.path)


def evaluate(run: "Run | str") -> "Evaluation":
    """Convert a trained run to ONNX, prove it, and measure it on the test split; what is done already is not repeated.

    Args:
        run: of `train`, or a folder, folder name or MLflow id.

    Returns:
        The metrics with their intervals, and the pictures of the evaluation.

    Raises:
        UsageError: no such run.
        RefusedError: the graphs do not answer as TensorFlow does.
    """
    apply_library_environment()
    from pipelines.run import run_stage
    from pipelines.workspace import find_workspace
    from tatara.displays import Evaluation

    place = find_workspace(str(getattr(run, "path", run)))
    for stage in ("convert", "evaluate"):
        if not place.finished(stage):
            run_stage(stage, place, place.parameters("train"))
    return Evaluation(place.path)


def compare(*runs: "Run | Evaluation | str") -> "Comparison":
    """Runs side by side on the same test examples, the first one the baseline.

    Args:
        runs: two or more, each of `train` or `evaluate`, or a folder, folder name, MLflow id or NAME/VERSION.

    Raises:
        UsageError: fewer than two, or one that is not there.
    """
    apply_library_environment()
    from pipelines.compare import compare as compared
    from tatara.displays import Comparison

    return Comparison(compared([str(getattr(run, "path", run)) for run in runs]))


def predict(model: "Run | Evaluation | str", *files: str | Path, **options: Any) -> "Predictions":
    """Answers for image files, drawn over them.

    Args:
        model: an evaluated run; a registered ``NAME[@alias|/version]``; or the URL of a service. An empty text asks
            the service of ``TATARA_URL``.
        files: one or more.
        options: of the kind, such as ``top`` or ``score``.

    Raises:
        UsageError: no such model, no file, or an unknown option.
        DecodeError: a file cannot be read.
        BoundError: a file breaks a rule of the contract.
    """
    apply_library_environment()
    from tatara.core.client import Client
    from tatara.displays import Predictions

    if not files:
        raise UsageError('give files to predict, like: tatara.predict(run, "photo.jpg")')
    if hasattr(model, "ask"):
        answers, labels = model.ask(files, **options)
        return Predictions(str(model), files, answers, labels)
    url = str(model) or os.environ.get(URL, "")
    if not url:
        raise UsageError(f"name a model, or set {URL} to the address of a service")
    if url.startswith(("http://", "https://")):
        with Client(url) as client:
            return Predictions(url, files, client.predict(files, **options), client.contract.labels)
    from tatara.verbs.serve import packaged_model

    local = packaged_model(url)
    return Predictions(url, files, local.predict(files, **options), local.contract.labels)


def review(reference: str = "") -> "Versions | Version":
    """What waits for a reviewer; or everything about one version, ``NAME/VERSION``.

    Raises:
        UsageError: no such version.
    """
    apply_library_environment()
    from registry import review as registry_review
    from registry import versions
    from registry.users import login
    from tatara.displays import Version, Versions

    user = login()
    if not reference:
        return Versions(registry_review.queue(user), user)
    found = versions.find(reference)
    return Version(registry_review.record(found.name, str(found.version), user))
