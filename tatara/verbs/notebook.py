"""``notebook``: Jupyter Lab on this machine, for a browser on another one."""

import getpass
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import project_root, state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import options, port

HOST = "127.0.0.1"
PORT = 8888
SECONDS = 60.0


def notebook(request: Request, output: Output) -> int:
    """Serve until Ctrl-C; the address with its token, and the tunnel to it, are printed when it answers."""
    from services.launch import exit_when_told

    given = options(request, port=port)
    if request.words:
        raise UsageError(f"write: tatara {request.usage}")
    if importlib.util.find_spec("jupyterlab") is None:
        raise TataraError("Jupyter Lab is not installed here; `pip install -r requirements/notebook.txt` brings it")
    number, token = given.get("port", PORT), secrets.token_urlsafe(24)
    _refuse_taken(number)
    exit_when_told()
    log = state_root() / "logs" / "notebook.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        server = subprocess.Popen(
            _command(number), env=_environment(token), cwd=project_root(), stdout=file, stderr=file
        )
    try:
        _wait(server, number, token, log)
        value = {"url": f"http://{HOST}:{number}/lab?token={token}", "tunnel": _tunnel(number)}
        lines = (
            f"{value['url']} is Jupyter Lab; Ctrl-C stops it",
            f"from another machine first: {value['tunnel']}",
        )
        output.give(value, "\n".join(lines))
        sys.stdout.flush()
        return server.wait()
    finally:
        server.terminate()
        server.wait()


def _refuse_taken(number: int) -> None:
    try:
        socket.create_server((HOST, number)).close()
    except OSError as error:
        raise UsageError(f"nothing can listen on {HOST}:{number} ({error.strerror}); give another port=") from None


def _command(number: int) -> list[str]:
    """Bound to this machine alone, on that port or none, and asking nobody outside for news or extensions."""
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.ip={HOST}", f"--ServerApp.port={number}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={project_root()}", "--ServerApp.allow_root=True",
        "--LabApp.news_url=", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdates",
    ]  # fmt: skip


def _environment(token: str) -> dict[str, str]:
    """The token where other users' lists of processes do not show it, Jupyter's files below the state root."""
    state = state_root() / "jupyter"
    folders = {f"JUPYTER_{name.upper()}_DIR": str(state / name) for name in ("config", "data", "runtime")}
    inline = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    return {**os.environ, **folders, **inline, "IPYTHONDIR": str(state / "ipython"), "JUPYTER_TOKEN": token}


def _wait(server: "subprocess.Popen[bytes]", number: int, token: str, log: Path) -> None:
    import httpx

    asked, headers = f"http://{HOST}:{number}/api/status", {"Authorization": f"token {token}"}
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise TataraError(f"Jupyter Lab ended as it started (exit code {server.returncode}); its log is {log}")
        with suppress(httpx.HTTPError):
            if httpx.get(asked, headers=headers, timeout=5, trust_env=False).is_success:
                return
        time.sleep(0.2)
    raise TataraError(f"Jupyter Lab does not answer after {SECONDS:.0f} s; its log is {log}")


def _tunnel(number: int) -> str:
    return f"ssh -N -L {number}:{HOST}:{number} {getpass.getuser()}@{socket.gethostname()}"
