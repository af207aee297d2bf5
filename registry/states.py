"""The life of a version: which act leads from which state to which, and the least role that may do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from registry.records import Role, State
from tatara.core.errors import RefusedError

ActName = Literal[
    "register", "check", "submit", "endorse", "approve", "reject", "request_changes", "comment", "edit_card", "promote",
    "roll_back", "replace", "withdraw", "retire",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""
STATES: tuple[State, ...] = get_args(State)
ACTS: tuple[ActName, ...] = get_args(ActName)


@dataclass(frozen=True)
class Rule:
    """Where an act leads.

    Attributes:
        to: the state after it.
        least: role that it takes; None for what the pipelines do, whoever runs them.
        policy: a policy may do it without a person, where it asks for no approvals.
    """

    to: State
    least: Role | None
    policy: bool = False


def _table() -> Iterator[tuple[tuple[State | None, ActName], Rule]]:
    yield (None, "register"), Rule("draft", None)
    for state in STATES[:5]:  # up to rejected: what serves is not checked anew
        yield (state, "check"), Rule("checked", None)
    yield ("checked", "submit"), Rule("in_review", "data_scientist", policy=True)
    yield ("in_review", "endorse"), Rule("in_review", "reviewer")
    yield ("in_review", "approve"), Rule("approved", "reviewer", policy=True)
    yield ("in_review", "request_changes"), Rule("checked", "reviewer")
    yield ("checked", "reject"), Rule("rejected", "reviewer", policy=True)
    yield ("in_review", "reject"), Rule("rejected", "reviewer")
    yield ("approved", "reject"), Rule("rejected", "reviewer")
    yield ("approved", "promote"), Rule("serving", "operator", policy=True)
    yield ("serving", "promote"), Rule("serving", "operator", policy=True)
    yield ("approved", "roll_back"), Rule("serving", "operator")
    yield ("serving", "replace"), Rule("approved", "operator", policy=True)
    yield ("serving", "withdraw"), Rule("approved", "operator")
    for state in STATES[:-1]:
        yield (state, "retire"), Rule("retired", "operator")
        yield (state, "edit_card"), Rule(state, "data_scientist")  # the author, and reviewers: see registry.card.prose
    for state in STATES:
        yield (state, "comment"), Rule(state, "data_scientist")


TABLE: dict[tuple[State | None, ActName], Rule] = dict(_table())
"""What is not in it is refused."""
IN_SHELL: dict[str, str] = {"request_changes": "changes", "roll_back": "rollback", "edit_card": "card"}
"""Acts whose word of the command line is another."""
ALONE = ("register", "replace", "endorse")
"""Acts that follow from others; nobody asks for them by name."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a user with his role, somebody who runs the pipelines (no role), or a policy."""

    name: str
    role: Role | None = None
    policy: bool = False


def follow(what: str, state: State | None, act: ActName, actor: Actor) -> Rule:
    """The rule for ``act`` in ``state``.

    Args:
        what: ``NAME/VERSION``, for the message.
        state: None for a version that the registry does not know.
        act, actor: what is asked, by whom.

    Raises:
        RefusedError: the table has no such line, or the actor's role is too small.
    """
    rule = TABLE.get((state, act))
    if rule is None:
        open_acts = ", ".join(f"{IN_SHELL.get(a, a)} ({TABLE[state, a].least or 'anyone'})" for a in possible(state))
        where = f"is {state.replace('_', ' ')}" if state else "is not in the registry"
        raise RefusedError(f"{what} {where}: {act.replace('_', ' ')} is not possible; possible: {open_acts or 'none'}")
    if not may(rule, actor):
        is_now = f"{actor.name} is {actor.role}" if actor.role else f"{actor.name} has no role"
        raise RefusedError(
            f"{act.replace('_', ' ')} of {what} takes the role {rule.least} at least, and {is_now}; "
            "an admin can change that: tatara review users role NAME role=ROLE"
        )
    return rule


def may(rule: Rule, actor: Actor) -> bool:
    """Whether ``actor`` may do what ``rule`` is about."""
    if actor.policy:
        return rule.policy
    if rule.least is None:
        return True
    return actor.role is not None and ROLES.index(actor.role) >= ROLES.index(rule.least)


def at_least(actor: Actor, least: Role) -> bool:
    """Whether the actor's role is ``least`` or above."""
    return actor.role is not None and ROLES.index(actor.role) >= ROLES.index(least)


def possible(state: State | None) -> list[ActName]:
    """Acts that somebody may ask for in ``state``, in the order of the review."""
    return [act for act in ACTS if act not in ALONE and (state, act) in TABLE]
