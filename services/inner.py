"""BentoML's supervisor takes commands on a port that any process of the machine may speak to; here on none."""

from typing import Any


def close_ports() -> None:
    """Let the supervisor that this process is about to start be spoken to by this process alone.

    Whoever may give it commands may start any program.
    """
    from bentoml._internal.utils import circus

    inside = {"endpoint": "inproc://commands", "pubsub_endpoint": "inproc://events"}

    class Arbiter(circus.Arbiter):
        """BentoML's, at another address."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | inside))

    circus.Arbiter = Arbiter
