"""``review serve``: the review in a browser, and over HTTP for programs."""

from typing import Any

from tatara.verbs import Output, Request


def serve(request: Request, given: dict[str, Any], output: Output) -> int:
    """Serve until Ctrl-C. The first start makes the one who starts it the admin, and prints a one-time link for him."""
    import uvicorn

    from registry.web.app import build_app
    from registry.web.settings import settings

    made = settings(**given)
    app = build_app(made)
    link = _first_link()
    value = {"url": made.url, **({"link": f"{made.url}/link/{link}"} if link else {})}
    lines = [f"{made.url} is the review; Ctrl-C stops it"]
    if link:
        lines.append(f"{value['link']}  sets your password; it works once, for an hour")
    output.give(value, "\n".join(lines))
    # Proxies are believed by `registry.web.visitor` alone, and one-time links stay out of logs.
    uvicorn.run(
        app, host=made.host, port=made.port, log_level="warning", access_log=False, proxy_headers=False,
        server_header=False,
    )  # fmt: skip
    return 0


def _first_link() -> str | None:
    """A link for an admin while nobody can sign in; the first admin is who starts the server."""
    from registry import users

    if not users.nobody_can_sign_in():
        return None
    me = users.shell_user()
    admins = [one.name for one in users.everyone() if one.role == "admin"]
    if not admins:
        users.add(me, me, "admin")
    return users.link(me, me if me in admins or not admins else admins[0])
