"""``profile``: where a training step's time goes."""

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request


def profile(request: Request, output: Output) -> int:
    """Measure some training steps; print what was found and where the picture and the trace lie."""
    if len(request.words) != 1:
        raise UsageError(f"give one kind, like: tatara {request.usage}")
    from pipelines.profiling.run import STEPS
    from pipelines.profiling.run import profile as profiled
    from pipelines.profiling.text import told

    given = dict(request.options)
    steps = given.pop("steps", str(STEPS))
    if not steps.isdecimal() or not 1 <= int(steps) <= 1000:
        raise UsageError(f"steps={steps}: a whole number from 1 to 1000 is required")
    found = profiled(request.words[0], given, int(steps))
    output.give(found.model_dump(mode="json"), told(found))
    return 0
