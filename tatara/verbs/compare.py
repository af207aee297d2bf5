"""``compare``: runs side by side."""

from tatara.core.errors import UsageError
from tatara.core.files import digest
from tatara.core.home import state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import options


def compare(request: Request, output: Output) -> int:
    """Print the table and save the picture; the first run is the baseline."""
    options(request)
    if len(request.words) < 2:
        raise UsageError(f"give at least two runs: tatara {request.usage}; `ls {state_root() / 'runs'}` shows them")
    from pipelines.compare import compare as compared
    from pipelines.compare_views import draw, table

    found = compared(request.words)
    picture = state_root() / "pictures" / f"compare-{digest(list(request.words))[:8]}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(found, picture)
    output.give({**found.model_dump(mode="json"), "picture": str(picture)}, f"{table(found)}\n\npicture  {picture}")
    return 0
