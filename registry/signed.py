"""Whether a version is signed, where its policy asks for that: the one place that packaging and promoting ask."""

from registry.acting import Row
from registry.records import Judgement
from tatara.core.errors import RefusedError


def require(row: Row, judgement: Judgement) -> None:
    """Refuse an unsigned version where the policy says ``signed: true``.

    Raises:
        RefusedError: nothing has verified a signature of it.
    """
    if judgement.signed:
        raise RefusedError(f"the policy {judgement.policy} asks for a signature, and {row.what} has none")
