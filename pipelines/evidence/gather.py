"""All evidence about a registered version, from its run's finished steps and from those of the champion's run."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.champion import Comparison, against_champion, champion_predictions, folder_of, rival
from pipelines.datasets.dataset import open_dataset
from pipelines.evidence.change_sheet import save_change_sheet, with_pictures
from pipelines.evidence.columns import columns
from pipelines.evidence.comparison import compared
from pipelines.evidence.cost import cost
from pipelines.evidence.data_changes import data_changes
from pipelines.evidence.gallery import save_gallery
from pipelines.evidence.leakage import leakage
from pipelines.evidence.model import Model
from pipelines.evidence.reliability import CALIBRATION, SEVERITY, reliability
from pipelines.evidence.robustness import Pairing, robustness, sample
from pipelines.evidence.slices import slices
from pipelines.examples import Example, split_examples
from pipelines.metrics.judged import Judged
from pipelines.parameters import Parameters, evaluation_module
from pipelines.workspace import Workspace
from registry.evidence import Evidence, Parity, Slice, Validation
from tatara.core.contract import read_contract
from tatara.core.errors import TataraError
from tatara.core.files import read_json, write_json

if TYPE_CHECKING:
    import pandas
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Subject:
    """What evidence is gathered about.

    Attributes:
        workspace, parameters: of the challenger's run.
        name, version: of the challenger.
        reigning: the version that it is against, None where there is none.
        comparison: of the primary metric, as registering made it.
        examples: of the test split.
        models: the challenger, and the champion where there is one.
    """

    workspace: Workspace
    parameters: Parameters
    name: str
    version: str
    reigning: "ModelVersion | None"
    comparison: Comparison
    examples: Sequence[Example]
    models: Sequence[Model]

    @property
    def champion(self) -> Model | None:
        """The champion's model."""
        return self.models[1] if len(self.models) > 1 else None

    def pairing(self) -> Pairing:
        """How the kind judges two tables of predictions."""
        kind = importlib.import_module(f"pipelines.tasks.{self.parameters.kind}.judged")
        hierarchy = open_dataset(self.parameters.data).description.hierarchy
        labels = read_contract(self.models[0].converted / "contract.json").labels
        found: Pairing = partial(kind.judged, labels=labels, hierarchy=hierarchy)
        return found

    def champion_folder(self, stage: str) -> Path | None:
        """What the champion's run kept of a stage, None where it cannot be had."""
        if self.reigning is None:
            return None
        try:
            return folder_of(self.reigning, stage)
        except TataraError:
            return None


def subject_of(workspace: Workspace, parameters: Parameters) -> Subject:
    """The registered version of ``workspace``, and the champion that it is held against.

    Raises:
        TataraError: nothing is registered from there.
        RefusedError: the champion is of another kind.
    """
    import pandas

    registration = read_json(workspace.folder("register") / "registration.json")
    name, version = str(registration["name"]), str(registration["version"])
    reigning = rival(name, version, registration["comparison"]["champion"])
    comparison = against_champion(name, workspace, parameters, reigning)
    kind = evaluation_module(parameters.kind)
    predictions = pandas.read_parquet(workspace.folder("evaluate") / "predictions.parquet")
    models = [Model(f"{name}/{version}", workspace.folder("convert"), predictions, kind)]
    if reigning is not None:
        kept = champion_predictions(workspace)
        models.append(Model(f"{name}/{reigning.version}", folder_of(reigning, "convert"), kept, kind))
    examples = split_examples(workspace, "test")
    return Subject(workspace, parameters, name, version, reigning, comparison, examples, models)


def gather(subject: Subject, folder: Path) -> Evidence:
    """Compute it, and write the gallery and the changes of the data into ``folder``."""
    import pandas

    parameters, workspace, champion = subject.parameters, subject.workspace, subject.champion
    index = pandas.read_parquet(workspace.folder("validate") / "index.parquet")
    pairing, seed = subject.pairing(), parameters.seed
    tables = [one.predictions for one in subject.models]
    mine, other = pairing(tables[0], tables[1] if len(tables) > 1 else None)
    parts: tuple[Slice, ...] = ()
    if other is not None:
        cuts = columns(index[index["split"] == "test"], mine.digests, sizes=("object size", "small") not in mine.parts)
        parts = slices(mine, other, cuts, parameters.margin, seed)
    _write_changes(subject, folder)
    judged = [mine] if other is None else [mine, other]
    save_gallery(folder, subject.models, judged, parts, {one.path: one for one in subject.examples})
    chosen = sample(subject.examples, seed)
    return Evidence(
        name=subject.name,
        version=subject.version,
        champion=None if subject.reigning is None else str(subject.reigning.version),
        kind=parameters.kind,
        examples=len(subject.examples),
        margin=parameters.margin,
        seed=seed,
        primary=next(iter(mine.metrics)),
        leakage=leakage(index, _champion_index(subject)),
        comparison=_compared(subject, mine, other),
        slices=parts,
        calibration=reliability(CALIBRATION, mine, other, seed),
        severity=reliability(SEVERITY, mine, other, seed),
        robustness=robustness(subject.models[0], champion, chosen, pairing, seed),
        robustness_examples=len(chosen),
        cost=cost(subject.models[0], champion, subject.examples),
        **_recorded(workspace),
    )


def _recorded(workspace: Workspace) -> Mapping[str, Any]:
    """What earlier steps found out."""
    result = read_json(workspace.folder("validate") / "result.json")
    bounds = read_json(workspace.folder("validate") / "bounds.json")
    contract = read_contract(workspace.folder("convert") / "contract.json")
    parity = read_json(workspace.folder("convert") / "parity.json")
    return {
        "validation": Validation(
            success=result["success"],
            rules=len(result["rules"]),
            suite=result["suite_digest"],
            bounds_from_suite=[bound.model_dump(mode="json") for bound in contract.bounds] == bounds,
        ),
        "parity": Parity(equal=parity["top1_equal"], max_abs=parity["max_abs"], examples=parity["examples"]),
        "above_chance": read_json(workspace.folder("evaluate") / "metrics.json").get("above_chance"),
        "warnings": tuple(read_json(workspace.folder("train") / "run.json").get("warnings", ())),
    }


def _compared(subject: Subject, mine: Judged, other: Judged | None) -> Any:
    figures = subject.comparison.figures
    if other is None or figures is None:
        return ()
    return compared(mine, other, figures, subject.parameters.margin, subject.parameters.seed)


def _champion_index(subject: Subject) -> "pandas.DataFrame | None":
    import pandas

    folder = subject.champion_folder("validate")
    return None if folder is None else pandas.read_parquet(folder / "index.parquet")


def _write_changes(subject: Subject, folder: Path) -> None:
    """``data_changes.json`` with its pictures and ``data_changes.png``, where the champion's tables can be had."""
    before, now = subject.champion_folder("validate"), subject.workspace.folder("validate")
    if before is None:
        return
    revisions = [read_json(one / "result.json")["revision"] for one in (now, before)]
    dataset = open_dataset(subject.parameters.data).folder
    changes = with_pictures(data_changes(now, before, *revisions), dataset, folder)
    write_json(folder / "data_changes.json", changes.model_dump(mode="json"))
    save_change_sheet(changes, dataset, folder / "data_changes.png")
