"""``review serve``: the review in a browser, and over HTTP for programs."""

import socket
from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request


def serve(request: Request, given: dict[str, Any], output: Output) -> int:
    """Serve until Ctrl-C. The first start makes the one who starts it the admin, and prints a one-time link for him."""
    import uvicorn

    from registry.web.app import build_app
    from registry.web.settings import settings
    from registry.webhooks import delivering

    made = settings(**given)
    app, listener = build_app(made), _listener(made.host, made.port)
    link = _first_link()
    value = {"url": made.url, **({"link": f"{made.url}/link/{link}"} if link else {})}
    lines = [f"{made.url} is the review; Ctrl-C stops it"]
    if link:
        lines.append(f"{value['link']}  sets your password; it works once, for an hour")
    output.give(value, "\n".join(lines))
    # Proxies are believed by `registry.web.visitor` alone, and one-time links stay out of logs.
    config = uvicorn.Config(app, log_level="warning", access_log=False, proxy_headers=False, server_header=False)
    with delivering.running():
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listener(host: str, port: int) -> socket.socket:
    """A socket before anything is made or printed.

    Raises:
        UsageError: another program listens there, or nothing can.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, reuse_port=False)
    except OSError as error:
        raise UsageError(f"nothing can listen on {host}:{port} ({error.strerror}); give another port=") from None


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
