"""Whether a test split can show that an int8 model loses no more than its margin, told before the training."""

from pipelines.datasets.dataset import open_dataset
from pipelines.examples import split_examples
from pipelines.parameters import Parameters, evaluation_module, task_module
from pipelines.workspace import Workspace
from tatara.core.errors import RefusedError
from tatara.core.hypotheses import decisions_needed


def refuse_undecidable(workspace: Workspace, parameters: Parameters) -> None:
    """Refuse an int8 model that the validated test split could not show to hold, even if it always answered alike.

    Raises:
        RefusedError: it holds too few decisions, such as images or objects.
    """
    needed = decisions_needed(parameters.int8_margin)
    if not parameters.int8 or needed is None:
        return
    kind, test = evaluation_module(parameters.kind), split_examples(workspace, "test")
    labels = task_module(parameters.kind).labels(open_dataset(parameters.data).description)
    if (there := kind.decisions(test, labels)) < needed:
        raise RefusedError(
            f"int8=true: the {len(test)} test examples hold {there} decisions ({kind.DECISIONS}), and it takes "
            f"{needed} to show that at most int8_margin={parameters.int8_margin:g} is lost (90%), even where all come "
            "out alike; give more test examples, a larger int8_margin, or int8=false"
        )
