"""``review users``: who may do what in the review."""

from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request


def users(request: Request, given: dict[str, Any], output: Output) -> int:
    """List, add, change the role of, or remove a user; make a link with which he sets a password, or a token."""
    from registry import sessions
    from registry import users as service
    from registry.web.settings import PORT, settings

    words = request.words[1:] or ("list",)
    if words == ("list",):
        found = service.everyone()
        lines = [f"{one.name:<24} {one.role.replace('_', ' ')}" for one in found]
        text = "\n".join(lines) or f"nobody yet; make the first: tatara review users add {service.login()} role=admin"
        output.give({"users": [one.model_dump() for one in found]}, text)
        return 0
    if len(words) != 2 or words[0] not in ("add", "role", "remove", "link", "token", "revoke"):
        raise UsageError(
            "write: tatara review users list | add NAME role=R | role NAME role=R | remove NAME | link NAME | "
            "token NAME | revoke NAME"
        )
    what, name = words
    actor = service.shell_user()
    if what in ("add", "role"):
        if "role" not in given:
            raise UsageError("which role? role=viewer, data_scientist, reviewer, operator or admin")
        made = (service.add if what == "add" else service.change_role)(actor, name, given["role"])
        output.give(made.model_dump(), f"{made.name} is {made.role.replace('_', ' ')}")
    elif what == "remove":
        service.remove(actor, name)
        output.give({"removed": name}, f"{name} is removed; what he did stays in the log")
    elif what == "token":
        days = given.get("days", 90)
        secret = sessions.token(actor, name, days)
        output.give(
            {"token": secret, "days": days}, f"{secret}\nof the HTTP API, for {days} days; it is not shown again"
        )
    elif what == "revoke":
        ended = sessions.revoke(actor, name)
        output.give({"revoked": ended}, f"{ended} sessions and tokens of {name} ended")
    else:
        minutes = given.get("minutes", 60)
        where = settings(port=given.get("port", PORT), url=given.get("url")).url
        token = service.link(actor, name, minutes)
        address = f"{where}/link/{token}"
        text = f"{address}\nsets the password of {name}; it works once, for {minutes} minutes"
        output.give({"token": token, "link": address, "minutes": minutes}, text)
    return 0
