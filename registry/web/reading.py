"""Pages that are read: the queue, lists of versions, a model, a version, its pictures, and the log."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from registry import audit, auditing, exporting, review
from registry.web import run_files
from registry.web.guard import ViewerLooks
from registry.web.listing import Asked, listed
from registry.web.rendering import page
from registry.web.version_view import view
from registry.web.visitor import Visitor

router = APIRouter()
Words = Annotated[str, Query(max_length=200)]
Page = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
ACTS = 100
"""Lines of the log on a page."""


@router.get("/")
def queue(request: Request, visitor: ViewerLooks, q: Words = "", whose: Words = "", page_: Page = 1) -> Response:
    """What waits for this visitor; for others where nothing does, or where that is asked for."""
    waiting = review.queue(visitor.name)
    mine = [one for one in waiting if one.waits_for_me]
    others = [one for one in waiting if not one.waits_for_me]
    chosen = "others" if whose == "others" or not mine else "me"
    asked = Asked(q, page=page_, whose="others" if chosen == "others" and mine else "")
    values: dict[str, Any] = {"asked": asked, "chosen": chosen, "total": len(waiting)}
    values |= {"mine": listed(mine, Asked(q)), "others": listed(others, Asked(q))}
    return page(request, visitor, "queue.html", found=listed(mine if chosen == "me" else others, asked), **values)


@router.get("/versions")
def versions(
    request: Request,
    visitor: ViewerLooks,
    q: Words = "",
    state: Words = "",
    page_: Page = 1,
) -> Response:
    """Every version of every model."""
    everything = review.queue(visitor.name, everything=True)
    asked = Asked(q, state, page_)
    return page(request, visitor, "versions.html", asked=asked, found=listed(everything, asked), total=len(everything))


@router.get("/versions.csv")
def versions_csv(request: Request, visitor: ViewerLooks) -> Response:
    """The same for a spreadsheet."""
    return _csv(exporting.versions_csv(review.queue(visitor.name, everything=True)), "versions.csv")


@router.get("/models/{name}")
def model(request: Request, visitor: ViewerLooks, name: str, page_: Page = 1) -> Response:
    """One model: who serves, its versions and releases."""
    history = review.history(name, visitor.name)
    asked = Asked(page=page_)
    return page(request, visitor, "model.html", history=history, asked=asked, found=listed(history.versions, asked))


@router.get("/models/{name}/versions/{version}")
def version(request: Request, visitor: ViewerLooks, name: str, version: str) -> Response:
    """Should it serve, and on what evidence."""
    return version_page(request, visitor, name, version)


@router.get("/models/{name}/versions/{version}/pictures/{path:path}")
def picture(request: Request, visitor: ViewerLooks, name: str, version: str, path: str) -> Response:
    """A PNG file of the version's run; nothing else is ever sent."""
    record = review.record(name, version, visitor.name)
    content = run_files.picture(record.summary.run_id, path, record.judgement)
    headers = {"Cache-Control": "private, max-age=300", "Content-Disposition": "inline"}
    return Response(content, media_type="image/png", headers=headers)


@router.get("/audit")
def log(request: Request, visitor: ViewerLooks, page_: Page = 1) -> Response:
    """The log, newest first, and whether it is whole."""
    acts = audit.acts()
    pages = max(1, -(-len(acts) // ACTS))
    at = min(page_, pages)
    shown = acts[(at - 1) * ACTS : at * ACTS]
    return page(
        request, visitor, "audit.html", acts=shown, at=at, pages=pages, total=len(acts), audited=auditing.verify()
    )


@router.get("/audit.csv")
def log_csv(request: Request, visitor: ViewerLooks) -> Response:
    """The whole log for a spreadsheet."""
    return _csv(auditing.as_csv(), "audit.csv")


def version_page(
    request: Request, visitor: Visitor, name: str, version: str, status: int = 200, **values: Any
) -> Response:  # fmt: skip
    """The page of a version, also where an act on it was refused."""
    shown = view(name, version, visitor.name)
    return page(request, visitor, "version.html", status, **{"view": shown, "written": "", "acted": "", **values})


def _csv(content: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + content, media_type="text/csv; charset=utf-8", headers=headers)
