"""What the evaluations of detection and of instances have in common; they differ in that the latter is of masks."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.metrics.objects import report, trained
from pipelines.metrics.objects.errors import breakdown
from pipelines.metrics.objects.files import write_coco
from pipelines.metrics.objects.matching import coco_outcomes
from pipelines.metrics.objects.operating import operating
from pipelines.metrics.objects.plots import draw_all
from pipelines.metrics.objects.scenes import Scene, unanswered
from pipelines.metrics.objects.summary import by_class, marked
from tatara.core.contract import Contract
from tatara.core.files import write_json, write_text
from tatara.core.statistics import Interval

if TYPE_CHECKING:
    from pipelines.examples import Example


def marked_objects(examples: Sequence["Example"]) -> int:
    """How many are to be found, crowds left out."""
    return sum(int((~one.objects().crowd).sum()) for one in examples)


def describe(
    folder: Path, test: Sequence[Scene], train: Sequence["Example"], contract: Contract, found: Mapping[str, Interval],
    read: Callable[[str], bytes], by_mask: bool,
) -> None:  # fmt: skip
    """Write ``classes.json``, ``errors.json``, ``report.md``, ``coco/`` and ``plots/`` into ``folder``.

    Args:
        folder: of the evaluation.
        test: answers on the test split.
        train: the examples that the model learned from.
        contract: of the model.
        found: the figures, see `pipelines.metrics.objects.summary.measure`.
        read: path of an image -> its file's bytes.
        by_mask: judge masks, else boxes.
    """
    labels = contract.labels
    outcomes = coco_outcomes(test, labels, by_mask)["all"]
    answers, gains = breakdown(test, outcomes, by_mask)
    at = operating(answers, marked(outcomes))
    lessons = [unanswered(example, labels) for example in train]
    support, learned = trained.support(test, len(labels)), trained.support(lessons, len(labels))
    scores = by_class(outcomes, seed=0)
    table: dict[str, dict[str, Any]] = {
        label: {
            "support": int(support[i]),
            "predictions": int((answers.label == i).sum()),
            **{name: one.model_dump() for name, one in scores[i].items()},
        }
        for i, label in enumerate(labels)
    }
    write_coco(folder / "coco", test, labels)
    write_json(folder / "classes.json", table)
    write_json(folder / "errors.json", {name: one.model_dump() for name, one in gains.items()})
    primary = found.get("mask_ap50" if by_mask else "ap50")
    sections = {
        "": report.metrics(found, test, by_mask),
        "Trained on": trained.described(lessons, test, contract),
        "Classes": report.classes(table, learned.tolist()),
        "Mistakes": report.mistakes(gains, at, primary.value if primary else 0.0, "masks" if by_mask else "boxes"),
        "Files": report.recompute(by_mask),
    }
    text = "\n\n".join("\n".join([f"## {title}\n", *lines] if title else lines) for title, lines in sections.items())
    write_text(folder / "report.md", text + "\n")
    draw_all(folder / "plots", test, lessons, contract, outcomes, scores, answers, gains, at, read, by_mask)
