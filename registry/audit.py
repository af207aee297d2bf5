"""The audit log: append-only, chained by SHA-256, its head signed."""

from pathlib import Path

from registry.records import Act
from tatara.core.contract import Strict


class Head(Strict):
    """The log's last line: with a copy kept elsewhere, cutting lines off is noticed."""

    sequence: int
    digest: str
    at: str


class Audited(Strict):
    """What `verify` found: lines read, the head, and one line for each thing that is wrong (none: it is whole)."""

    acts: int
    head: Head | None
    problems: tuple[str, ...]


def acts(name: str | None = None, version: str | None = None, newest: int | None = None) -> tuple[Act, ...]:
    """The log, newest first: of one model, of one version, or all of it."""
    raise NotImplementedError


def verify(against: Path | None = None) -> Audited:
    """Recompute the chain and replay it: states, approvals, roles and releases must be what the log says.

    Args:
        against: a head that was saved earlier; it must lie in the log.
    """
    raise NotImplementedError


def save_head(path: Path) -> Head:
    """Write the signed head to a file, to be kept where the store's writers cannot reach."""
    raise NotImplementedError


def csv() -> str:
    """The whole log as CSV, oldest first; no cell starts a formula."""
    raise NotImplementedError
