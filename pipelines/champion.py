"""How a new model stands to the one that serves, on the same test examples; what was found is kept in the workspace."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipelines.answering import answered
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, evaluation_module
from pipelines.workspace import Workspace
from registry import versions
from registry.figures import as_points, points
from registry.store import local_artifacts
from tatara.core.contract import Strict, read_contract
from tatara.core.errors import RefusedError
from tatara.core.files import digest, read_json, sha256_file, whole_directory, write_json
from tatara.core.runtime import Runtime
from tatara.core.statistics import Verdict

if TYPE_CHECKING:
    import pandas
    from mlflow.entities.model_registry import ModelVersion

KEPT = "comparison"
"""Folder in the workspace; no stage's, since registering asks for it first and the check step again."""


class Comparison(Strict):
    """The verdict, one line behind it, the champion's version (None where there is none) and the figures."""

    verdict: Literal["first", "better", "not_worse", "not_enough_data", "worse"]
    reason: str
    champion: str | None = None
    figures: Verdict | None = None


def rival(name: str, version: str | None = None, earlier: str | None = None) -> "ModelVersion | None":
    """The version that a challenger is held against: the champion, unless that is the challenger itself.

    Args:
        name: registered.
        version: of the challenger, where it has one.
        earlier: version that it was held against before it became the champion.
    """
    found = versions.champion(name)
    if found is None or str(found.version) != version:
        return found
    return None if earlier is None else versions.find(f"{name}/{earlier}")


def against_champion(
    name: str, workspace: Workspace, parameters: Parameters, champion: "ModelVersion | None"
) -> Comparison:
    """Judge the evaluated model of ``workspace`` against ``champion`` on the workspace's test split.

    Made once: the workspace keeps it for as long as champion, predictions, margin and seed are the same.

    Raises:
        RefusedError: the champion is of another kind.
    """
    import pandas

    if champion is None:
        return Comparison(verdict="first", reason=f"the first version of {name}")
    predictions, folder = workspace.folder("evaluate") / "predictions.parquet", workspace.path / KEPT
    key = digest({
        "champion": [name, str(champion.version), str(champion.run_id)], "challenger": sha256_file(predictions),
        "margin": parameters.margin, "seed": parameters.seed,
    })  # fmt: skip
    if (folder / "comparison.json").exists() and (kept := read_json(folder / "comparison.json"))["key"] == key:
        return Comparison.model_validate(kept["comparison"])
    reigning = _asked(f"{name}/{champion.version}", str(champion.run_id), workspace, parameters)
    kind = evaluation_module(parameters.kind)
    figures = kind.paired(pandas.read_parquet(predictions), reigning, parameters.margin, parameters.seed)
    gap = figures.difference
    found = Comparison(
        verdict=figures.verdict,
        reason=f"{figures.verdict.replace('_', ' ')} against {name}/{champion.version}: {kind.PRIMARY} "
        f"{points(gap)} ({figures.confidence:.0%}) on {figures.examples} examples, "
        f"margin {as_points(parameters.margin)}",
        champion=str(champion.version),
        figures=figures,
    )
    with whole_directory(folder) as temporary:
        reigning.to_parquet(temporary / "champion.parquet", index=False)
        write_json(temporary / "comparison.json", {"key": key, "comparison": found.model_dump(mode="json")})
    return found


def champion_predictions(workspace: Workspace) -> "pandas.DataFrame":
    """The champion's predictions that the last `against_champion` of this workspace was made from."""
    import pandas

    return pandas.read_parquet(workspace.path / KEPT / "champion.parquet")


def _asked(champion: str, run_id: str, workspace: Workspace, parameters: Parameters) -> "pandas.DataFrame":
    """The champion's predictions on the test split: its kept ones, or where they do not cover it, new ones."""
    import pandas

    kept = pandas.read_parquet(local_artifacts(run_id, "evaluate/predictions.parquet"))
    examples, converted = split_examples(workspace, "test"), local_artifacts(run_id, "convert")
    if (found := read_contract(converted / "contract.json").kind) != parameters.kind:
        raise RefusedError(
            f"{champion} is a model of {found}, not of {parameters.kind}; register under another name=..."
        )
    if {example.digest for example in examples} <= set(kept["digest"]):
        return kept
    kind, runtime = evaluation_module(parameters.kind), Runtime(converted)
    records: list[Any] = answered(runtime, kind, examples, f"ask {champion}")
    predictions: pandas.DataFrame = kind.predictions(records, runtime.contract)
    return predictions


def folder_of(champion: "ModelVersion", stage: str) -> Path:
    """What the champion's run kept of a stage.

    Raises:
        TataraError: nothing, or it cannot be had.
    """
    return local_artifacts(str(champion.run_id), stage)
