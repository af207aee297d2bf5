"""The examples of one split, as validation saw them: every byte read is held to the digest in the run's index."""

from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.dataset import open_dataset
from pipelines.workspace import Workspace
from tatara.core.errors import TataraError
from tatara.core.files import sha256_bytes


@dataclass(frozen=True)
class Example:
    """One file of the dataset: path relative to its folder, label and SHA-256."""

    path: str
    label: str
    digest: str
    folder: Path

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            TataraError: missing, or not the bytes that were validated.
        """
        try:
            content = (self.folder / self.path).read_bytes()
        except OSError as error:
            raise TataraError(f"{self.folder / self.path}: {error.strerror}; validate the dataset again") from None
        if sha256_bytes(content) != self.digest:
            raise TataraError(f"{self.folder / self.path}: changed since it was validated; validate the dataset again")
        return content


def split_examples(workspace: Workspace, split: str) -> list[Example]:
    """The examples of ``split`` in the order of the run's index (by path).

    Raises:
        TataraError: the run has not been validated, or the split is empty.
    """
    import pandas

    folder = open_dataset(workspace.parameters("validate").data).folder
    columns = ["path", "split", "label", "digest"]
    index = pandas.read_parquet(workspace.folder("validate") / "index.parquet", columns=columns)
    rows = index[index["split"] == split].itertuples(index=False)
    found = [Example(str(row.path), str(row.label), str(row.digest), folder) for row in rows]
    if not found:
        raise TataraError(f"{folder}: the {split} split has no examples; `tatara data show {folder.name}` counts them")
    return found


def diverse(examples: list[Example], count: int) -> list[Example]:
    """Up to ``count`` examples, one of each label in turn, spread evenly over each label's own."""
    by_label: dict[str, list[Example]] = {}
    for example in examples:
        by_label.setdefault(example.label, []).append(example)
    share = -(-count // len(by_label))
    spread = [group[:: max(1, len(group) // share)] for group in by_label.values()]
    turns = [group[turn] for turn in range(max(map(len, spread))) for group in spread if turn < len(group)]
    return turns[:count]
