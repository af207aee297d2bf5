"""How a new model stands to the one that serves, on the same test examples."""

from typing import TYPE_CHECKING, Any, Literal

from pipelines.answering import answered
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, evaluation_module
from pipelines.workspace import Workspace
from registry import versions
from registry.store import local_artifacts
from tatara.core.contract import Strict, read_contract
from tatara.core.errors import RefusedError
from tatara.core.runtime import Runtime
from tatara.core.statistics import Verdict

if TYPE_CHECKING:
    import pandas


class Comparison(Strict):
    """The verdict, one line behind it, the champion's version (None where there is none) and the figures."""

    verdict: Literal["first", "better", "not_worse", "not_enough_data", "worse"]
    reason: str
    champion: str | None = None
    figures: Verdict | None = None


def against_champion(name: str, workspace: Workspace, parameters: Parameters) -> Comparison:
    """Judge the evaluated model of ``workspace`` against the champion of ``name`` on the workspace's test split.

    The champion's kept predictions are used where they cover the split's files; it is asked anew where they do not.

    Raises:
        RefusedError: the champion is of another kind.
    """
    import pandas

    champion = versions.champion(name)
    if champion is None:
        return Comparison(verdict="first", reason=f"the first version of {name}")
    kind = evaluation_module(parameters.kind)
    challenger = pandas.read_parquet(workspace.folder("evaluate") / "predictions.parquet")
    reigning = _champion_predictions(f"{name}/{champion.version}", str(champion.run_id), workspace, kind, parameters)
    figures = kind.paired(challenger, reigning, parameters.margin, parameters.seed)
    gap = figures.difference
    return Comparison(
        verdict=figures.verdict,
        reason=f"{figures.verdict.replace('_', ' ')} against {name}/{champion.version}: {kind.PRIMARY} "
        f"{gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}] on {figures.examples} examples, "
        f"margin {parameters.margin:g}",
        champion=str(champion.version),
        figures=figures,
    )


def _champion_predictions(
    champion: str, run_id: str, workspace: Workspace, kind: Any, parameters: Parameters
) -> "pandas.DataFrame":
    """The champion's predictions on the test split's files."""
    import pandas

    kept = pandas.read_parquet(local_artifacts(run_id, "evaluate/predictions.parquet"))
    examples, converted = split_examples(workspace, "test"), local_artifacts(run_id, "convert")
    if (found := read_contract(converted / "contract.json").kind) != parameters.kind:
        raise RefusedError(
            f"{champion} is a model of {found}, not of {parameters.kind}; register under another name=..."
        )
    if {example.digest for example in examples} <= set(kept["digest"]):
        return kept
    runtime = Runtime(converted)
    records = answered(runtime, kind, examples, f"ask {champion}")
    predictions: pandas.DataFrame = kind.predictions(records, runtime.contract)
    return predictions
