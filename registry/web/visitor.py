"""Who a request is from: a session's cookie, a trusted proxy's header, or a bearer token; never two of them."""

import hmac
from dataclasses import dataclass

from starlette.requests import Request

from registry import sessions, users
from registry.records import Role, User
from registry.states import ROLES
from registry.web.settings import Settings
from tatara.core.errors import RefusedError
from tatara.core.files import sha256_bytes

SESSION, VISIT = "tatara_review", "tatara_visit"
"""Cookies: of who signed in, and of everybody, which forms are tied to."""


@dataclass(frozen=True)
class Visitor:
    """Somebody at a page, or a program at the API.

    Attributes:
        user: None for whoever has not signed in.
        csrf: that his forms carry.
        proxied: the proxy signed him in, so that he cannot sign out here.
    """

    user: User | None
    csrf: str = ""
    proxied: bool = False

    @property
    def name(self) -> str:
        """Of the user; empty for nobody."""
        return self.user.name if self.user else ""

    def may(self, least: Role) -> bool:
        """Whether the role is ``least`` or above."""
        return self.user is not None and ROLES.index(self.user.role) >= ROLES.index(least)


def cookie(settings: Settings, name: str) -> str:
    """A cookie's name; over HTTPS browsers hold ``__Host-`` to this very host."""
    return f"__Host-{name}" if settings.secure else name


def of_page(request: Request) -> Visitor:
    """Who opens a page.

    Raises:
        RefusedError: the proxy names nobody, or somebody whom the registry does not know.
    """
    settings: Settings = request.app.state.settings
    secret = request.cookies.get(cookie(settings, SESSION), "")
    visit = request.cookies.get(cookie(settings, VISIT), "")
    if settings.header and peer(request) in settings.proxies:
        return Visitor(_proxied(request, settings.header), token(visit, ""), proxied=True)
    return Visitor(sessions.holder(secret, "page") if secret else None, token(visit, secret))


def of_token(request: Request) -> Visitor:
    """Who calls the API: the holder of ``Authorization: Bearer TOKEN``."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = sessions.holder(secret.strip(), "api") if scheme.lower() == "bearer" and secret else None
    return Visitor(found)


def token(visit: str, secret: str) -> str:
    """What forms carry: only who knows both cookies can make it, and scripts of other sites know neither."""
    return sha256_bytes(f"csrf\0{visit}\0{secret}".encode(errors="replace")) if visit else ""


def meant(visitor: Visitor, given: str) -> bool:
    """Whether a form was made for this visitor."""
    return bool(visitor.csrf) and hmac.compare_digest(visitor.csrf.encode(), given.encode(errors="replace"))


def peer(request: Request) -> str:
    """The address that the connection comes from."""
    return request.client.host if request.client else ""


def came_from(request: Request) -> str:
    """The visitor's address, as the last trusted proxy tells it where one stands in front."""
    settings: Settings = request.app.state.settings
    told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return told[:64] if told and peer(request) in settings.proxies and settings.header else peer(request)


def _proxied(request: Request, header: str) -> User:
    given = request.headers.getlist(header)
    if len(given) != 1 or not given[0].strip():
        raise RefusedError(f"the proxy in front has to name one user in {header}; it names {len(given)}")
    found = users.find(given[0])
    if found is None:
        raise RefusedError(f"the registry knows no user {given[0][:80]!r}; an admin adds one")
    return found
