"""Typed options of the verbs that are not runs."""

from collections.abc import Callable
from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Request


def boolean(text: str) -> bool:
    """``true`` or ``false``."""
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise ValueError("write true or false")


def ratios(text: str) -> tuple[int, int, int]:
    """``8:1:1``."""
    parts = [int(part) for part in text.split(":") if part.isdecimal()]
    if len(parts) != 3 or text.count(":") != 2:
        raise ValueError("write three whole numbers for train, valid and test, like 8:1:1")
    return parts[0], parts[1], parts[2]


def port(text: str) -> int:
    """A TCP port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError("a port is a whole number from 1 to 65535")
    return int(text)


def options(request: Request, **types: Callable[[str], Any]) -> dict[str, Any]:
    """The request's options, each converted by its type.

    Raises:
        UsageError: an option that the verb does not take (the nearest is suggested), or a value of another type.
    """
    from pipelines.parameters import choose

    found: dict[str, Any] = {}
    for key, value in request.options.items():
        convert = types[choose("parameter", key, types)]
        try:
            found[key] = convert(value)
        except ValueError as error:
            raise UsageError(f"{key}={value}: {error}") from None
    return found


def subject(request: Request, position: int, what: str) -> str:
    """The word at ``position``.

    Raises:
        UsageError: there is none, or there are more.
    """
    if len(request.words) != position + 1:
        raise UsageError(f"give one {what}, like: tatara {request.usage}")
    return request.words[position]
