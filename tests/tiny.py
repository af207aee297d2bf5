"""A tiny dataset and a workspace in which it is validated, for tests of what comes after."""

import shutil
from pathlib import Path

import yaml

from pipelines.datasets.dataset import open_dataset
from pipelines.datasets.index import build_index
from pipelines.datasets.revision import revision
from pipelines.workspace import Workspace
from tatara.core.files import write_json

CLASSES = ("0", "1", "7")


def make_tiny(project: Path, per_class: int = 12) -> None:
    """``data/tiny``: three of the digits, at most ``per_class`` files of each in every split."""
    digits, tiny = project / "data" / "digits", project / "data" / "tiny"
    for split in ("train", "valid", "test"):
        for label in CLASSES:
            (tiny / split / label).mkdir(parents=True)
            for file in sorted((digits / split / label).iterdir())[:per_class]:
                shutil.copy2(file, tiny / split / label)
    description = yaml.safe_load((digits / "dataset.yaml").read_text())
    (tiny / "dataset.yaml").write_text(yaml.safe_dump({**description, "classes": list(CLASSES)}))


def mark_validated(workspace: Workspace, data: str) -> None:
    """What the validate stage leaves when all is well; its own tests cover how it comes about."""
    dataset = open_dataset(data)
    folder = workspace.path / "validate"
    folder.mkdir(parents=True)
    build_index(dataset).to_parquet(folder / "index.parquet", index=False)
    write_json(folder / "bounds.json", [])
    write_json(folder / "result.json", {"success": True, "data": data, "revision": revision(dataset), "rules": []})
    write_json(folder / "parameters.json", {"kind": "classification", "data": data})
