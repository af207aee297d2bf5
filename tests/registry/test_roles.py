"""Every function that changes something, called by somebody of the role just below the one that it takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry import audit, review, users
from registry.records import Role
from registry.states import ROLES
from registry.webhooks import endpoints
from tatara.core.errors import RefusedError
from tests.registry.cases import NAME, against, checked, new_version, packaged, serving

LEAST: dict[str, tuple[Role, Callable[[str, str], object]]] = {
    "submit": ("data_scientist", lambda who, v: review.submit(who, NAME, v)),
    "comment": ("data_scientist", lambda who, v: review.comment(who, NAME, v, "hello")),
    "approve": ("reviewer", lambda who, v: review.approve(who, NAME, v, "good")),
    "reject": ("reviewer", lambda who, v: review.reject(who, NAME, v, "bad")),
    "request_changes": ("reviewer", lambda who, v: review.request_changes(who, NAME, v, "more")),
    "promote": ("operator", lambda who, v: review.promote(who, NAME, "1", "champion")),
    "roll_back": ("operator", lambda who, v: review.roll_back(who, NAME, "1", "back")),
    "withdraw": ("operator", lambda who, v: review.withdraw(who, NAME, "enough")),
    "retire": ("operator", lambda who, v: review.retire(who, NAME, v, "old")),
    "reconcile": ("operator", lambda who, v: review.reconcile(who, fix=True)),
    "users.add": ("admin", lambda who, v: users.add(who, "eve", "admin")),
    "users.change_role": ("admin", lambda who, v: users.change_role(who, who, "admin")),
    "users.remove": ("admin", lambda who, v: users.remove(who, "root")),
    "users.link": ("admin", lambda who, v: users.link(who, "root")),
    "hooks.add": ("admin", lambda who, v: endpoints.add(who, "chat", "https://127.0.0.1/", [])),
    "hooks.remove": ("admin", lambda who, v: endpoints.remove(who, "chat")),
    "hooks.retry": ("admin", lambda who, v: endpoints.retry(who, "chat")),
    "hooks.every": ("admin", lambda who, v: endpoints.every(who)),
}


@pytest.mark.parametrize("what", LEAST)
def test_the_role_below_is_refused_and_leaves_no_trace(one_reviewer: Path, what: str) -> None:
    least, act = LEAST[what]
    users.redeem(users.link("root", "root"), "correct horse battery")  # the first link takes no admin
    version = new_version()
    checked(against(version=version, champion=None, comparison=()))
    if what == "submit":
        review.request_changes("bob", NAME, version, "more")
    below = {users.find(name).role: name for name in ("vera", "anna", "bob", "olga")}[ROLES[ROLES.index(least) - 1]]  # type: ignore[union-attr]
    before = audit.head()
    for who in (below, "nobody"):
        with pytest.raises(RefusedError):
            act(who, version)
    assert audit.head() == before


def test_the_role_itself_is_let_through(store: Path) -> None:
    serving()
    version = new_version()
    checked(against(version=version))
    packaged(version)
    review.comment("anna", NAME, version, "hello")
    review.promote("olga", NAME, version, "canary")
    review.withdraw("olga", NAME, "enough")
    review.reject("bob", NAME, version, "bad")
    review.retire("olga", NAME, version, "old")
    assert [act.user for act in audit.acts(NAME, version)[:4]] == ["olga", "bob", "olga", "olga"]
