"""Where a version comes from: the links of its chain in a line each, and the rules that its data met."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from registry.web.run_files import table
from registry.web.words import plain, short
from tatara.core.errors import RefusedError
from tatara.core.lineage import Chain


@dataclass(frozen=True)
class Step:
    """One link: its name, what it says, and its digest."""

    name: str
    said: str
    digest: str


@dataclass(frozen=True)
class Lineage:
    """The chain as far as the version has come; ``broken`` says which link does not hold, None where all do."""

    steps: tuple[Step, ...]
    digest: str | None
    broken: str | None


@dataclass(frozen=True)
class Rule:
    """One rule of the data's suite."""

    name: str
    expected: str
    notes: str
    checked: int
    failing: int
    met: bool
    critical: bool


def lineage(run_id: str) -> Lineage | None:
    """The chain that packaging wrote, else that registering did; None where there is neither."""
    found = table(run_id, "package/lineage.json") or table(run_id, "register/lineage.json")
    try:
        chain = Chain.model_validate(found)
    except ValidationError:
        return None
    broken = None
    try:
        chain.verify()
    except RefusedError as error:
        broken = str(error)
    steps = tuple(Step(link.name, _said(link.name, link.facts), link.digest) for link in chain.links)
    return Lineage(steps, chain.digest, broken)


def rules(run_id: str) -> tuple[Rule, ...]:
    """Of the validation, those that were not met first."""
    found = table(run_id, "validate/result.json")
    rows = found.get("rules", []) if isinstance(found, dict) else []
    made = [_rule(row) for row in rows if isinstance(row, dict)]
    return tuple(sorted(made, key=lambda one: (one.met, not one.critical)))


def _rule(row: dict[str, Any]) -> Rule:
    def count(name: str) -> int:
        return value if isinstance(value := row.get(name), int) else 0

    return Rule(
        plain(row.get("rule", "")), plain(row.get("expected", "")), plain(row.get("notes") or ""), count("checked"),
        count("failing"), bool(row.get("success")), row.get("severity") == "critical",
    )  # fmt: skip


def _said(name: str, facts: dict[str, Any]) -> str:
    """The facts that people know a link by."""
    known: dict[str, Callable[[], str]] = {
        "data": lambda: f"{facts['name']} {short(facts['revision'])}",
        "validation": lambda: f"{facts['rules']} rules {'met' if facts['success'] else 'not met'}",
        "code": lambda: f"{short(facts['git_commit'])}{' and more' if facts.get('git_dirty') else ''}",
        "run": lambda: short(facts["run_id"]),
        "version": lambda: f"{facts['name']} {facts['version']}",
        "approval": lambda: f"by {', '.join(facts['by'])}",
        "bento": lambda: str(facts["bento"]),
        "onnx": lambda: f"equal on {facts['examples']}" if facts["top1_equal"] else "not equal",
    }
    try:
        return plain(known[name]())
    except (KeyError, TypeError):
        return plain(", ".join(f"{key} {value}" for key, value in facts.items() if isinstance(value, str | int))[:80])
