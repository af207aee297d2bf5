"""The tutorials, run from their first cell to their last in a fresh project; and what is kept of their outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import REPOSITORY

TUTORIALS = sorted((REPOSITORY / "tutorials").glob("*.ipynb"))
LARGEST = 500_000
"""Bytes of a tutorial with its outputs."""


SHORTER = '"epochs": 16', '"epochs": 2'
"""Every cell is run, but a detector is trained for long only where its outputs are kept."""
LONG = ("detection_and_its_mistakes",)
"""Tutorials that train detectors, which `make test-full` spends the time for."""
RUN = [pytest.param(path, id=path.stem, marks=[pytest.mark.paper] * (path.stem in LONG)) for path in TUTORIALS]


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN)
def test_it_runs(path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(project / ".tatara" / "jupyter" / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(project / ".tatara" / "jupyter" / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    keep = os.environ.get("KEEP_TUTORIALS")
    if not keep:
        for cell in notebook.cells:
            cell.source = cell.source.replace(*SHORTER)
    NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(project)}}).execute()
    if keep:
        nbformat.write(_without_progress(notebook), Path(keep) / path.name)


def _without_progress(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """With what a reader wants: neither bars nor times, and what was printed in one piece."""
    for cell in notebook.cells:
        cell.metadata.clear()
        kept = [
            one for one in cell.get("outputs", ()) if one.get("name") != "stderr" and one.output_type != "display_data"
        ]
        printed = "".join(one.text for one in kept if one.output_type == "stream")
        rest = [one for one in kept if one.output_type != "stream"]
        if cell.cell_type == "code":
            cell.outputs = [*([nbformat.v4.new_output("stream", text=printed)] if printed else []), *rest]
    return notebook


@pytest.mark.parametrize("path", TUTORIALS, ids=[path.stem for path in TUTORIALS])
def test_its_outputs_are_there_small_and_of_one_run(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert path.stat().st_size < LARGEST
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not any(output.output_type == "error" for output in outputs)
    assert any("text/html" in output.get("data", {}) for output in outputs)
    assert "<iframe" not in path.read_text(encoding="utf-8")


def test_there_are_tutorials() -> None:
    assert len(TUTORIALS) == 3
