"""Everything that watches requests: the log, the traces and the prediction log, each where it is asked for."""

import os
from collections.abc import Callable, Mapping

from services import journal, logs, tracing
from services.seen import Seen
from tatara.core.errors import UsageError


class Observers:
    """Told of every request when it has been answered.

    Raises:
        UsageError: the environment asks for what cannot be had.
    """

    def __init__(self) -> None:
        style, level = os.environ.get("TATARA_LOG", "json"), os.environ.get("TATARA_LOG_LEVEL", "INFO")
        if style not in ("json", "text") or level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise UsageError(
                f"TATARA_LOG={style} TATARA_LOG_LEVEL={level}: json or text, and DEBUG, INFO, WARNING or ERROR"
            )
        logs.configure(style, level)
        self._trace, self._ends = None, list[Callable[[], None]]()
        if tracing.wanted():
            self._trace, end = tracing.tracer()
            self._ends.append(end)
        kept = journal.wanted()
        self._journal = journal.Writer(kept) if kept else None
        if self._journal:
            self._ends.append(self._journal.close)

    def answered(self, seen: Seen, headers: Mapping[str, str]) -> None:
        """Pass on one request. ``headers`` are the request's, names in lower case."""
        logs.answered(seen)
        if self._trace:
            self._trace(seen, headers)
        if self._journal:
            self._journal.write(seen)

    def close(self) -> None:
        """Send and write what is left."""
        for end in self._ends:
            end()
