"""The HTTP API, version 1: what `tatara review` does in the shell, as JSON, for the holder of a token."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from registry import audit, auditing, review
from registry.auditing import Audited
from registry.card import prose
from registry.card.prose import SectionName
from registry.records import Act, Card, History, Judgement, Moved, Record, Summary
from registry.web.guard import DataScientistCalls, OperatorCalls, ReviewerCalls, ViewerCalls
from registry.words import LONGEST
from tatara.core.release import Release, ReleaseRole

router = APIRouter(prefix="/api/v1")
described = APIRouter(prefix="/api")
MARKDOWN = "text/markdown"
AT = "/models/{name}/versions/{version}"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Reason(_Body):
    """Why; for the record."""

    reason: str = Field("", max_length=LONGEST)


class Text(_Body):
    """A comment."""

    text: str = Field(max_length=LONGEST)


class Prose(_Body):
    """Plain text of a card's section; empty clears it."""

    text: str = Field(max_length=prose.LONGEST)
    instead_of: str | None = Field(
        None, max_length=prose.LONGEST, description="what was read there; something else is not written over"
    )


class Promotion(_Body):
    """Which role, and why."""

    role: ReleaseRole = "champion"
    reason: str = Field("", max_length=LONGEST)


@router.get("/versions")
def versions(visitor: ViewerCalls, everything: Annotated[bool, Query(alias="all")] = False) -> tuple[Summary, ...]:
    """Versions that wait, those that wait for the caller first; with ``all=true`` every version."""
    return review.queue(visitor.name, everything)


@router.get("/models/{name}")
def model(visitor: ViewerCalls, name: str) -> History:
    """All versions of a model, its releases and its acts."""
    return review.history(name, visitor.name)


@router.get(AT)
def version(visitor: ViewerCalls, name: str, version: str) -> Record:
    """Everything about one version."""
    return review.record(name, version, visitor.name)


@router.get(f"{AT}/checks")
def checks(visitor: ViewerCalls, name: str, version: str) -> tuple[Judgement, ...]:
    """What the gates said, the newest check first."""
    return review.judgements(name, version)


@router.get(f"{AT}/card", response_model=Card, responses={200: {"content": {MARKDOWN: {"schema": {"type": "string"}}}}})
def card(
    visitor: ViewerCalls,
    response: Response,
    name: str,
    version: str,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Card | Response:
    """The model card; with ``Accept: text/markdown`` as Hugging Face's README.md."""
    found, headers = review.card(name, version), {"Vary": "Accept"}
    asked = [one.partition(";")[0].strip() for one in accept.split(",")]
    if MARKDOWN in asked and "application/json" not in asked:
        return Response(found.text, media_type=f"{MARKDOWN}; charset=utf-8", headers=headers)
    response.headers.update(headers)
    return found


@router.put(f"{AT}/card/{{section}}")
def edit_card(visitor: DataScientistCalls, name: str, version: str, section: SectionName, body: Prose) -> Card:
    """Write a section of the model card, which its author and reviewers may."""
    return review.edit_card(visitor.name, name, version, section, body.text, body.instead_of)


@router.post(f"{AT}/submit")
def submit(visitor: DataScientistCalls, name: str, version: str, body: Reason) -> Record:
    """Ask for review."""
    return review.submit(visitor.name, name, version, body.reason)


@router.post(f"{AT}/approve")
def approve(visitor: ReviewerCalls, name: str, version: str, body: Reason) -> Record:
    """Approve what lies in the store now."""
    return review.approve(visitor.name, name, version, body.reason)


@router.post(f"{AT}/reject")
def reject(visitor: ReviewerCalls, name: str, version: str, body: Reason) -> Record:
    """Reject it."""
    return review.reject(visitor.name, name, version, body.reason)


@router.post(f"{AT}/changes")
def changes(visitor: ReviewerCalls, name: str, version: str, body: Reason) -> Record:
    """Send it back to its author."""
    return review.request_changes(visitor.name, name, version, body.reason)


@router.post(f"{AT}/comment")
def comment(visitor: DataScientistCalls, name: str, version: str, body: Text) -> Record:
    """Say something about it."""
    return review.comment(visitor.name, name, version, body.text)


@router.post(f"{AT}/promote")
def promote(visitor: OperatorCalls, name: str, version: str, body: Promotion) -> Release:
    """Make it the champion or the canary."""
    return review.promote(visitor.name, name, version, body.role, body.reason)


@router.post(f"{AT}/rollback")
def rollback(visitor: OperatorCalls, name: str, version: str, body: Reason) -> Release:
    """Make it the champion again."""
    return review.roll_back(visitor.name, name, version, body.reason)


@router.post(f"{AT}/withdraw")
def withdraw(visitor: OperatorCalls, name: str, version: str, body: Reason) -> Release:
    """Take it out as the canary."""
    return review.withdraw(visitor.name, name, body.reason, version)


@router.post(f"{AT}/retire")
def retire(visitor: OperatorCalls, name: str, version: str, body: Reason) -> Record:
    """End it for good."""
    return review.retire(visitor.name, name, version, body.reason)


@router.get("/reconciled")
def reconciled(visitor: ViewerCalls) -> tuple[Moved, ...]:
    """Aliases and published records that somebody moved behind the review."""
    return review.reconcile()


@router.get("/audit")
def log(visitor: ViewerCalls, newest: Annotated[int, Query(ge=1, le=10_000)] = 100) -> tuple[Act, ...]:
    """The log's newest lines."""
    return audit.acts(newest=newest)


@router.get("/audit/verified")
def verified(visitor: ViewerCalls) -> Audited:
    """Whether the log is whole."""
    return auditing.verify()


@described.get("/openapi.json")
def openapi(request: Request, visitor: ViewerCalls) -> Response:
    """This API, described."""
    routes = [route for route in request.app.routes if route.path.startswith("/api/v1/")]
    found: dict[str, Any] = get_openapi(title="Tatara review", version="1", routes=routes)
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    return JSONResponse(found)
