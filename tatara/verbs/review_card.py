"""``review card``: the model card of a version, and its prose written anew."""

from pathlib import Path
from typing import Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request


def card(request: Request, given: dict[str, Any], output: Output) -> int:
    """Print the card; with ``section=NAME text="..."`` or ``file=PATH`` write that section first."""
    from registry import review as service
    from registry.words import harmless
    from tatara.verbs.review import me, version_of

    name, version = version_of(request)
    if "section" in given:
        found = service.edit_card(me(), name, version, given["section"], _text(given))
    elif given:
        from registry.card.prose import SECTIONS

        raise UsageError(f"which section? section={' or section='.join(SECTIONS)}")
    else:
        found = service.card(name, version)
    output.give(found.model_dump(mode="json"), harmless(found.text).rstrip())
    return 0


def _text(given: dict[str, Any]) -> str:
    if ("text" in given) == ("file" in given):
        raise UsageError('what is to stand there? text="..." or file=PATH; text= clears the section')
    if "text" in given:
        return str(given["text"])
    try:
        return Path(given["file"]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{given['file']} cannot be read as UTF-8 text ({str(error).splitlines()[0]})") from None
