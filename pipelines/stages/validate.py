"""Validate: hold the dataset to its suite, and stop the run here if it does not satisfy it."""

import shutil

from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.objects import build_objects
from pipelines.parameters import Parameters
from pipelines.validation.check import check
from pipelines.validation.described import FILE, described
from pipelines.validation.report import publish, write_report
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.files import write_json


def run(workspace: Workspace, parameters: Parameters) -> None:
    """Write ``validate/``: the result, the contract's bounds, failing files, Data Docs, what the data are in figures,
    the index and the objects.

    Raises:
        RefusedError: a critical rule failed. Nothing is written to the workspace, an earlier success is taken from
            it, and the report lies where `tatara data check` leaves it.
    """
    dataset = open_dataset(parameters.data)
    index = build_index(dataset)
    result = check(dataset, index)
    if not result.success:
        page = publish(result, dataset)
        shutil.rmtree(workspace.path / "validate", ignore_errors=True)
        raise RefusedError(f"{result.refusal()}, or open {page}")
    with workspace.writing("validate", parameters) as folder:
        write_report(result, dataset, folder)
        write_json(folder / FILE, described(dataset, index, result.counts, result.revision))
        index.to_parquet(folder / "index.parquet", index=False)
        if dataset.description.format == "coco":
            build_objects(dataset).to_parquet(folder / "objects.parquet", index=False)
