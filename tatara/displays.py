"""What the verbs give to a notebook: values with a picture of themselves, as text and as HTML without outside parts."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.files import read_json

if TYPE_CHECKING:
    import pandas

    from pipelines.compare import Comparison as Compared
    from pipelines.workspace import Workspace
    from registry.records import Record, Summary

SIDE = 320
"""Pixels of the longer side of an overlay."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table of plain texts."""
    first = "".join(f"<th>{html.escape(one)}</th>" for one in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(one)}</td>" for one in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"


def image(content: bytes, width: int = 0) -> str:
    """An HTML image that holds its own PNG bytes."""
    size = f' style="max-width:{width}px"' if width else ' style="max-width:100%"'
    return f'<img{size} src="data:image/png;base64,{base64.b64encode(content).decode()}">'


def _pre(text: str) -> str:
    return f'<pre style="font-family:monospace">{html.escape(text)}</pre>'


@dataclass(frozen=True)
class Run:
    """A trained run, by its folder."""

    path: Path

    def __str__(self) -> str:
        return self.path.name

    def __repr__(self) -> str:
        return f"run {self}"

    @property
    def _workspace(self) -> "Workspace":
        from pipelines.workspace import Workspace

        return Workspace(self.path)

    @property
    def run_id(self) -> str:
        """MLflow's id."""
        return self._workspace.run_id

    @property
    def history(self) -> "pandas.DataFrame":
        """One row an epoch: loss and metrics of train and valid, rate, seconds."""
        import pandas

        return pandas.read_csv(self.path / "train" / "history.csv")

    @property
    def warnings(self) -> list[str]:
        """What suggests that the model did not learn."""
        return list(read_json(self.path / "train" / "run.json")["warnings"])

    def ask(self, files: Sequence[str | Path], **options: Any) -> tuple[list[Any], Sequence[str]]:
        """Typed answers for files from the run's ONNX graphs, and the class names.

        Raises:
            TataraError: the run is not converted yet, or a file cannot be read.
            BoundError: a file breaks a rule of the contract.
        """
        from tatara.core.options import read_options
        from tatara.core.runtime import Runtime

        runtime = Runtime(self._workspace.folder("convert"))
        typed = read_options(runtime.kind, runtime.contract, options)
        answers = []
        for file in files:
            pixels = runtime.admit(Path(file).read_bytes())
            (finished,) = runtime.answer([pixels])
            answers.append(runtime.kind.answer(runtime.contract, finished, typed, pixels.shape[:2]))
        return answers, runtime.contract.labels

    def _repr_html_(self) -> str:
        record = read_json(self.path / "train" / "run.json")
        rows = [[name, str(record[name])] for name in ("data", "run_id", "epochs_trained", "best_epoch", "parameters")]
        rows += [["warning", warning] for warning in self.warnings]
        curves = (self.path / "train" / "plots" / "curves.png").read_bytes()
        return f"<b>{html.escape(str(self))}</b>{table(('', ''), rows)}{image(curves)}"


class Evaluation(Run):
    """A run that was measured on its test split."""

    @cached_property
    def metrics(self) -> dict[str, dict[str, float]]:
        """By name: ``value``, ``low`` and ``high`` of the 95 % interval."""
        return dict(read_json(self.path / "evaluate" / "metrics.json"))

    @property
    def pictures(self) -> list[Path]:
        """Of the evaluation, PNG."""
        return sorted((self.path / "evaluate" / "plots").glob("*.png"))

    def __repr__(self) -> str:
        lines = [f"{name:<20} {_interval(one)}" for name, one in self.metrics.items()]
        return "\n".join([f"{self} on its test split", *lines])

    def _repr_html_(self) -> str:
        rows = [[name, _interval(one)] for name, one in self.metrics.items()]
        pictures = "".join(image(path.read_bytes(), 480) for path in self.pictures)
        return f"<b>{html.escape(str(self))}</b>{table(('metric', 'test split, 95 %'), rows)}{pictures}"


def _interval(one: dict[str, float]) -> str:
    return f"{one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}]"


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; ``found`` has the figures."""

    found: "Compared"

    def __repr__(self) -> str:
        from pipelines.compare_views import table as text

        return text(self.found)

    def _repr_html_(self) -> str:
        import tempfile

        from pipelines.compare_views import draw

        with tempfile.TemporaryDirectory() as folder:
            draw(self.found, Path(folder, "compare.png"))
            picture = Path(folder, "compare.png").read_bytes()
        return _pre(repr(self)) + image(picture)


@dataclass(frozen=True)
class Predictions(Sequence[Any]):
    """The typed answers to files, in their order, and who gave them."""

    model: str
    files: Sequence[str | Path]
    answers: Sequence[Any]
    labels: Sequence[str]

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, position: Any) -> Any:
        return self.answers[position]

    def __repr__(self) -> str:
        from tatara.verbs.serve import answer_lines

        return "\n".join(answer_lines(self.files, self.answers))

    def _repr_html_(self) -> str:
        import sys

        from tatara.core.modalities import shown

        cards = []
        for file, answer in zip(self.files, self.answers, strict=True):
            kind, content = sys.modules[type(answer).__module__], io.BytesIO()
            kind.overlay(shown(file, Path(file).read_bytes()), answer, self.labels, SIDE).save(content, "PNG")
            caption = html.escape(f"{Path(file).name}: {kind.line(answer)}")
            cards.append(
                f'<figure style="display:inline-block;margin:8px">{image(content.getvalue(), SIDE)}'
                f"<figcaption>{caption}</figcaption></figure>"
            )
        return "".join(cards)


@dataclass(frozen=True)
class Versions(Sequence["Summary"]):
    """Versions that wait for a reviewer, as ``user`` sees them."""

    found: "Sequence[Summary]"
    user: str

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, position: Any) -> Any:
        return self.found[position]

    def __repr__(self) -> str:
        from tatara.verbs.review_text import table as text

        return text(self.found, self.user)

    def _repr_html_(self) -> str:
        head = ("version", "state", "gates passed", "approvals", "author", "should it serve?")
        rows = [
            [
                f"{one.name}/{one.version}", one.state.replace("_", " "),
                f"{one.passed} of {one.passed + one.failed + one.undecided}", f"{one.approvals} of {one.needed}",
                one.author, one.answer.line,
            ]
            for one in self.found
        ]  # fmt: skip
        return table(head, rows) if rows else _pre(repr(self))


@dataclass(frozen=True)
class Version:
    """Everything that the review shows of one version."""

    record: "Record"

    def __repr__(self) -> str:
        from tatara.verbs.review_text import page

        return page(self.record)

    def _repr_html_(self) -> str:
        return _pre(repr(self))
