"""Forms that decide: each one act of `registry.review` on one version, then its page again, with what was done."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registry import review
from registry.card.prose import SectionName
from registry.web.errors import status_of
from registry.web.guard import DataScientistDoes, OperatorDoes, ReviewerDoes
from registry.web.reading import version_page
from registry.web.rendering import place, say
from registry.web.visitor import Visitor
from registry.words import LONGEST
from tatara.core.errors import TataraError
from tatara.core.release import ReleaseRole

router = APIRouter(prefix="/models/{name}/versions/{version}")
Words = Annotated[str, Form(max_length=LONGEST)]


@router.post("/approve")
def approve(request: Request, visitor: ReviewerDoes, name: str, version: str, reason: Words = "") -> Response:
    """Approve what lies in the store now."""
    return _do(request, visitor, name, version, "approve", reason, review.approve)


@router.post("/reject")
def reject(request: Request, visitor: ReviewerDoes, name: str, version: str, reason: Words = "") -> Response:
    """Reject it."""
    return _do(request, visitor, name, version, "reject", reason, review.reject)


@router.post("/changes")
def changes(request: Request, visitor: ReviewerDoes, name: str, version: str, reason: Words = "") -> Response:
    """Send it back to its author."""
    return _do(request, visitor, name, version, "request_changes", reason, review.request_changes)


@router.post("/submit")
def submit(request: Request, visitor: DataScientistDoes, name: str, version: str, reason: Words = "") -> Response:
    """Ask for review."""
    return _do(request, visitor, name, version, "submit", reason, review.submit)


@router.post("/comment")
def comment(request: Request, visitor: DataScientistDoes, name: str, version: str, text: Words = "") -> Response:
    """Say something about it."""
    return _do(request, visitor, name, version, "comment", text, review.comment)


@router.post("/card/{section}")
def card(
    request: Request, visitor: DataScientistDoes, name: str, version: str, section: SectionName, text: Words = "",
    instead_of: Annotated[str | None, Form(max_length=2 * LONGEST)] = None,
) -> Response:  # fmt: skip
    """Write a section of its model card; its author and reviewers may, on top of what they saw."""

    def do(user: str, name: str, version: str, text: str) -> object:
        return review.edit_card(user, name, version, section, text, instead_of)

    return _do(request, visitor, name, version, f"card-{section}", text, do)


@router.post("/champion")
def champion(request: Request, visitor: OperatorDoes, name: str, version: str, reason: Words = "") -> Response:
    """Make it the champion."""
    return _do(request, visitor, name, version, "champion", reason, _promotion("champion"))


@router.post("/canary")
def canary(request: Request, visitor: OperatorDoes, name: str, version: str, reason: Words = "") -> Response:
    """Make it the canary beside the champion."""
    return _do(request, visitor, name, version, "canary", reason, _promotion("canary"))


@router.post("/rollback")
def rollback(request: Request, visitor: OperatorDoes, name: str, version: str, reason: Words = "") -> Response:
    """Make it the champion again."""
    return _do(request, visitor, name, version, "roll_back", reason, review.roll_back)


@router.post("/withdraw")
def withdraw(request: Request, visitor: OperatorDoes, name: str, version: str, reason: Words = "") -> Response:
    """Take the canary out."""

    def do(user: str, name: str, version: str, reason: str) -> object:
        return review.withdraw(user, name, reason, version)

    return _do(request, visitor, name, version, "withdraw", reason, do)


@router.post("/retire")
def retire(request: Request, visitor: OperatorDoes, name: str, version: str, reason: Words = "") -> Response:
    """End it for good."""
    return _do(request, visitor, name, version, "retire", reason, review.retire)


_DONE = {
    "approve": "Approved", "reject": "Rejected", "request_changes": "Sent back to its author",
    "submit": "Sent to review", "comment": "Said", "champion": "It is the champion now", "canary":
    "It is the canary now", "roll_back": "Rolled back", "withdraw": "Withdrawn", "retire": "Retired",
}  # fmt: skip


def _promotion(role: ReleaseRole) -> Callable[[str, str, str, str], object]:
    return lambda user, name, version, reason: review.promote(user, name, version, role, reason)


def _do(
    request: Request, visitor: Visitor, name: str, version: str, act: str, written: str,
    do: Callable[[str, str, str, str], Any],
) -> Response:  # fmt: skip
    """Do it; where it is refused, the page says why and keeps what was written."""
    try:
        do(visitor.name, name, version, written)
    except TataraError as error:
        line = str(error).replace('; write reason="..."', "").replace('; write text="..."', "")
        return version_page(
            request, visitor, name, version, status_of(error), error=line, written=written, acted=act
        )  # fmt: skip
    anchor = "#discussion" if act == "comment" else f"#{act}" if act.startswith("card-") else ""
    response = RedirectResponse(f"{place(name, version)}{anchor}", 303)
    say(request, response, f"{_DONE.get(act, 'Saved')}.")
    return response
