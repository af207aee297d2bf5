"""Parameters of a request: typed by the kind, class names held to the contract."""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from tatara.core.contract import Contract
from tatara.core.errors import UsageError


class OptionError(UsageError):
    """A request's parameter is wrong; ``name`` says which, ``parameter`` where there is none of that name."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def read_options(kind: Any, contract: Contract, given: Mapping[str, Any]) -> Any:
    """The ``Options`` of ``kind``, texts converted; an empty text is the default.

    Args:
        kind: module of `tatara.core.kinds`.
        contract: of the model.
        given: by name; ``classes`` is a sequence of names or a text with commas between them.

    Raises:
        OptionError: an unknown name, a value of another type or range, or a class that the model does not know.
    """
    if not given:
        return _defaults(kind)
    for name in given:
        if name not in kind.Options.model_fields:
            hint = _nearest(name, kind.Options.model_fields)
            raise OptionError("parameter", f"{contract.kind} takes no parameter {name[:40]!r}; {hint}")
    values = {name: value for name, value in given.items() if value not in ("", None)}
    if isinstance(values.get("classes"), str):
        values["classes"] = _names(values["classes"], contract.labels)
    try:
        options = kind.Options.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        reason = first["msg"][:1].lower() + first["msg"][1:]
        raise OptionError(name, f"{name}={str(values[name])[:40]!r}: {reason}") from None
    for label in getattr(options, "classes", ()):
        if label not in contract.labels:
            raise OptionError("classes", f"classes={label[:40]!r}: no such class; {_nearest(label, contract.labels)}")
    return options


@cache
def _defaults(kind: Any) -> Any:
    return kind.Options()


def _names(text: str, labels: Iterable[str]) -> tuple[str, ...]:
    """The names between the commas; a name that has a comma itself can be given alone."""
    if text in labels:
        return (text,)
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _nearest(given: str, known: Iterable[str], shown: int = 12) -> str:
    known = list(known)
    if nearest := difflib.get_close_matches(given, known, n=1, cutoff=0.5):
        return f"did you mean {nearest[0]!r}?"
    more = f", and {len(known) - shown} more" if len(known) > shown else ""
    return f"known: {', '.join(known[:shown])}{more}"
