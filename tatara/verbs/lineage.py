"""``lineage show|verify``: the chain behind a model version, or behind the digest in an answer's header."""

from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request


def lineage(request: Request, output: Output) -> int:
    """Print the chain; ``verify`` recomputes every digest first and exits 3 where one does not hold."""
    if len(request.words) != 2 or request.words[0] not in ("show", "verify"):
        raise UsageError("write: tatara lineage show|verify NAME[@alias|/version], or the digest of an answer's header")
    what, reference = request.words
    from pipelines.lineage.verify import find_chain, verify

    chain = verify(reference) if what == "verify" else find_chain(reference)
    lines = [
        f"{link.name:<11} {link.digest[:12]}  {_facts(link.facts)}{_count(link.artifacts)}" for link in chain.links
    ]
    if what == "verify":
        files = sum(len(link.artifacts) for link in chain.links)
        lines.append(f"verified: {len(chain.links)} links and {files} files are what was recorded")
    value = {"verified": what == "verify", **chain.model_dump(mode="json")}
    for link, record in zip(chain.links, value["links"], strict=True):
        record["digest"] = link.digest
    output.give(value, "\n".join(lines))
    return 0


def _facts(facts: dict[str, Any]) -> str:
    shown = []
    for key, value in facts.items():
        if isinstance(value, dict | list):
            continue
        text = f"{value:.1e}" if isinstance(value, float) else str(value)
        shown.append(f"{key}={text[:12] if len(text) in (40, 64) and text.isalnum() else text}")
    return " ".join(shown)


def _count(artifacts: dict[str, str]) -> str:
    return f"  ({len(artifacts)} files)" if artifacts else ""
