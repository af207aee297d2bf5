"""How figures, dates and names read on a page."""

import re
from datetime import UTC, datetime

from registry.words import harmless

LONGEST = 400
"""Characters of a name or a line that a page shows."""
_WAITS = re.compile(r"Not yet: it waits for \d+ (more )?approvals?(, |; (all \d+|\d+ of \d+) gates passed\. )")
_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (4.345, "week"), (12, "month"), (1e9, "year"))
_ACTS = {
    "register": "registered it", "check": "had it checked", "submit": "asked for review", "endorse": "approved it",
    "approve": "approved it", "reject": "rejected it", "request_changes": "asked for changes", "comment": "commented",
    "promote": "promoted it", "roll_back": "rolled back to it", "replace": "replaced it", "withdraw": "withdrew it",
    "retire": "retired it", "user_added": "added a user", "user_role": "changed a role", "user_removed":
    "removed a user", "link_made": "made a link", "password_set": "set a password", "token_made": "made a token",
    "tokens_revoked": "revoked tokens", "edit_card": "edited the card",
}  # fmt: skip


def plain(name: object) -> str:
    """A name's words: without underscores, control characters and turned writing, and not endless."""
    text = harmless(str(name)).replace("_", " ")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def safe(text: object) -> str:
    """Text that people wrote, as it is but for what no text needs."""
    return harmless(str(text))


def gist(answer: str) -> str:
    """An answer in a list, without what its row says beside it: that it waits, and how many gates passed."""
    rest = _WAITS.sub("", answer)
    return rest[:1].upper() + rest[1:]


def did(act: str) -> str:
    """An act as a deed."""
    return _ACTS.get(act, plain(act))


def ago(at: str, now: datetime | None = None) -> str:
    """How long ago, in one unit."""
    then = _moment(at)
    if then is None:
        return plain(at)
    passed = max(0.0, ((now or datetime.now(UTC)) - then).total_seconds())
    for size, unit in _STEPS:
        if passed < size:
            count = int(passed)
            return "just now" if unit == "second" else f"{count} {unit}{'' if count == 1 else 's'} ago"
        passed /= size
    return plain(at)


def date(at: str) -> str:
    """25 Nov 2026, 23:05 UTC."""
    then = _moment(at)
    return plain(at) if then is None else f"{then.day} {then:%b %Y, %H:%M} UTC"


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "–"
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.1e}".replace("-", "−")
    shown = f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return shown.replace("-", "−")


def percent(value: float) -> str:
    """A share."""
    return f"{100 * value:.1f} %".replace("-", "−")


def points(value: float) -> str:
    """A difference of shares, in points of a hundred, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"{value:+.3f}".replace("-", "−")


def size(count: float | None) -> str:
    """Bytes."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def short(digest: object) -> str:
    """The first digits of a digest."""
    return plain(digest)[:12]


def _moment(at: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(at)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
