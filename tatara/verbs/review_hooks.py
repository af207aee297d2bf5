"""``review hooks`` and ``review deliver``: who is told of what happens to a version."""

from typing import TYPE_CHECKING, Any

from tatara.core.errors import UsageError
from tatara.verbs import Output, Request

if TYPE_CHECKING:
    from registry.webhooks.endpoints import Hook


def hooks(request: Request, given: dict[str, Any], output: Output) -> int:
    """List, add or remove an endpoint, or send again what was given up."""
    from registry.users import shell_user
    from registry.webhooks import endpoints

    words, me = request.words[1:] or ("list",), shell_user()
    if words == ("list",):
        found = endpoints.every(me)
        output.give({"hooks": [one.model_dump(mode="json") for one in found]}, _table(found))
        return 0
    if len(words) != 2 or words[0] not in ("add", "remove", "retry"):
        raise UsageError("write: tatara review hooks list | add NAME url=URL [events=E,E] | remove NAME | retry NAME")
    what, name = words
    if what == "add":
        if "url" not in given:
            raise UsageError(f"where to? tatara review hooks add {name} url=https://HOST/PATH")
        events = [one for one in given.get("events", "").split(",") if one]
        secret = endpoints.add(me, name, given["url"], events)
        output.give({"hook": name, "secret": secret}, f"{secret}\nsigns its messages; it is not shown again")
    elif what == "remove":
        endpoints.remove(me, name)
        output.give({"removed": name}, f"{name} is told nothing more")
    else:
        count = endpoints.retry(me, name)
        output.give({"messages": count}, f"{count} messages go to {name} again; tatara review deliver sends them now")
    return 0


def deliver(request: Request, given: dict[str, Any], output: Output) -> int:
    """Send what is due, once."""
    from registry.webhooks.delivering import deliver_due

    if len(request.words) != 1:
        raise UsageError("write: tatara review deliver")
    done = deliver_due()
    text = f"{done.delivered} delivered, {done.failed} to be tried again, {done.dead} given up"
    output.give(done.model_dump(), text)
    return 0


def _table(found: tuple["Hook", ...]) -> str:
    from registry.words import harmless

    lines = []
    for one in found:
        counts = f"{one.delivered} delivered, {len(one.waiting)} waiting, {len(one.dead)} given up"
        lines.append(f"{one.name}  {one.at}  {', '.join(one.events)}  {counts}")
        for state, letters in (("waiting", one.waiting), ("given up", one.dead)):
            lines += [
                f"  {state}: {letter.event} of line {letter.act}, {letter.attempts} attempts: {letter.said}"
                for letter in letters
                if letter.said
            ]
    return harmless("\n".join(lines)) or "nobody is told; tatara review hooks add NAME url=https://HOST/PATH"
