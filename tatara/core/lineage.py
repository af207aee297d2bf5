"""The chain of digests from the training data to an answer.

Each link holds facts, the digests of its artifacts, and the digest of the link before it, so that the last digest
stands for everything: services send it with every answer.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from tatara.core.contract import Strict
from tatara.core.errors import RefusedError
from tatara.core.files import digest

LinkName = Literal["data", "validation", "code", "run", "onnx", "evaluation", "version", "approval", "bento"]


class Link(Strict):
    """One step of the chain.

    Attributes:
        name: of the step.
        facts: what the step recorded.
        artifacts: where -> SHA-256, of every file that the step left; ``where`` is relative to the step's store.
        previous: digest of the link before, None for the first.
    """

    name: LinkName
    facts: dict[str, Any]
    artifacts: dict[str, str]
    previous: str | None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all of the above."""
        return digest(self.model_dump(mode="json"))


class Chain(Strict):
    """Links in order, with the digest of the last one."""

    version: Literal[1] = 1
    links: tuple[Link, ...] = ()
    digest: str | None = None

    def then(self, name: LinkName, facts: dict[str, Any], artifacts: dict[str, str]) -> "Chain":
        """The chain with one more link."""
        link = Link(name=name, facts=facts, artifacts=artifacts, previous=self.digest)
        return Chain(links=(*self.links, link), digest=link.digest)

    def link(self, name: LinkName) -> Link:
        """The link of that name.

        Raises:
            RefusedError: the chain has none.
        """
        for link in self.links:
            if link.name == name:
                return link
        raise RefusedError(f"lineage: the chain has no link {name!r}; package the model again")

    def verify(self) -> None:
        """Recompute every digest.

        Raises:
            RefusedError: a link was changed; the message names it.
        """
        previous = None
        for position, link in enumerate(self.links):
            if link.previous != previous:
                changed = self.links[max(position - 1, 0)].name
                raise RefusedError(f"lineage: link {changed!r} of the record is not what {link.name!r} was chained to")
            previous = link.digest
        if previous != self.digest:
            last = self.links[-1].name if self.links else "none"
            raise RefusedError(f"lineage: link {last!r} of the record does not have the chain's digest")


def read_chain(path: Path) -> Chain:
    """Parse and verify ``lineage.json``.

    Raises:
        RefusedError: unreadable, or its digests do not hold.
    """
    try:
        chain = Chain.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise RefusedError(f"lineage: {path} cannot be read ({str(error).splitlines()[0]})") from None
    chain.verify()
    return chain
