"""``keys``: who may ask a service. The file holds hashes; services that run read it again when it changes."""

import os
from pathlib import Path
from typing import Any

from tatara.core.errors import UsageError
from tatara.core.home import state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import options


def keys(request: Request, output: Output) -> int:
    """Make a key, list them, or revoke one by its id or all of a name."""
    given = options(request, file=Path, days=_count, rate=_count)
    path = given.get("file") or Path(os.environ.get("TATARA_KEYS") or state_root() / "keys.json")
    match request.words:
        case () | ("list",):
            return _list(path, output)
        case ("add", name):
            return _add(path, name, given, output)
        case ("revoke", which):
            return _revoke(path, which, output)
    raise UsageError(f"write: tatara {request.usage}")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("a whole number from 1 on")
    return int(text)


def _list(path: Path, output: Output) -> int:
    from services.keys import read_keys

    found = read_keys(path).keys if path.exists() else ()
    lines = [
        f"{key.id}  {key.name:<24} {'never' if key.expires is None else f'{key.expires:%Y-%m-%d}'}" for key in found
    ]
    value = {"file": str(path), "keys": [key.model_dump(mode="json", exclude={"sha256"}) for key in found]}
    output.give(value, "\n".join(lines) or f"no key in {path}; make the first: tatara keys add NAME")
    return 0


def _add(path: Path, name: str, given: dict[str, Any], output: Output) -> int:
    from services.keys import add_key

    key, kept = add_key(path, name, given.get("days"), given.get("rate"))
    text = f"{key}\nfor {name}; it is not shown again. Services ask for keys that have TATARA_KEYS={path}"
    output.give({"key": key, "id": kept.id, "file": str(path)}, text)
    return 0


def _revoke(path: Path, which: str, output: Output) -> int:
    from services.keys import revoke_key

    gone = [key.id for key in revoke_key(path, which)]
    output.give({"revoked": gone}, f"revoked: {', '.join(gone)}; services that run know at once")
    return 0
