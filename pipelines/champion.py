"""How a new model stands to the one that serves, on the same test examples."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.examples import split_examples
from pipelines.workspace import Workspace
from registry import versions
from registry.store import local_artifacts
from tatara.core.contract import Strict
from tatara.core.runtime import Runtime
from tatara.core.statistics import Verdict, paired_not_worse


class Comparison(Strict):
    """The verdict, one line behind it, the champion's version (None where there is none) and the figures."""

    verdict: Literal["first", "better", "not_worse", "not_enough_data", "worse"]
    reason: str
    champion: str | None = None
    figures: Verdict | None = None


def against_champion(name: str, workspace: Workspace, margin: float) -> Comparison:
    """Judge the evaluated model of ``workspace`` against the champion of ``name`` on the workspace's test split.

    The champion's kept predictions are used where they cover the split's files; it is asked anew where they do not.
    """
    import pandas

    champion = versions.champion(name)
    if champion is None:
        return Comparison(verdict="first", reason=f"the first version of {name}")
    challenger = pandas.read_parquet(workspace.folder("evaluate") / "predictions.parquet")
    right = _champion_right(str(champion.run_id), workspace, list(challenger["digest"]))
    figures = paired_not_worse((challenger["label"] == challenger["predicted"]).to_numpy(), right, margin)
    gap = figures.difference
    return Comparison(
        verdict=figures.verdict,
        reason=f"{figures.verdict.replace('_', ' ')} against {name}/{champion.version}: accuracy {gap.value:+.4f} "
        f"[{gap.low:+.4f}, {gap.high:+.4f}] on {figures.examples} examples, margin {margin:g}",
        champion=str(champion.version),
        figures=figures,
    )


def _champion_right(run_id: str, workspace: Workspace, digests: list[str]) -> NDArray[np.bool_]:
    """bool (examples,): whether the champion of run ``run_id`` is right on each of the test split's files."""
    import pandas

    kept = pandas.read_parquet(local_artifacts(run_id, "evaluate/predictions.parquet"))
    right = dict(zip(kept["digest"], kept["label"] == kept["predicted"], strict=True))
    if not set(digests) <= right.keys():
        right = _ask(Runtime(local_artifacts(run_id, "convert")), workspace)
    return np.array([right[digest] for digest in digests], bool)


def _ask(runtime: Runtime, workspace: Workspace, batch: int = 32) -> dict[str, bool]:
    examples = split_examples(workspace, "test")
    right = {}
    for start in range(0, len(examples), batch):
        part = examples[start : start + batch]
        outputs = runtime.infer_files([example.read() for example in part])
        answers = runtime.kind.answers(runtime.contract, outputs, top=1)
        right.update(
            {example.digest: answer.label == example.label for example, answer in zip(part, answers, strict=True)}
        )
    return right
