"""Names inside archives: only such as lie inside the target, on every machine, each of them once."""

import re
import unicodedata
from pathlib import PurePosixPath

_DRIVE = re.compile(r"^[A-Za-z]:")


def unsafe(name: str) -> str | None:
    """Why a member's stored name is refused, or None. Folders may end in a slash."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "a control character or undecodable byte in its name"
    if "\\" in name:
        return "a backslash in its name"
    if name.startswith("/") or _DRIVE.match(name):
        return "an absolute path"
    parts = PurePosixPath(name).parts
    if ".." in parts:
        return "a path that leads outside"
    if any(len(part.encode()) > 255 for part in parts) or len(name.encode()) > 1024:
        return "a name that is too long"
    return None


class Places:
    """Every place that has been given out: none twice, also where case or Unicode form make no difference."""

    def __init__(self) -> None:
        self._spelling: dict[str, str] = {}
        self._files: set[str] = set()

    def conflict(self, parts: tuple[str, ...], is_file: bool) -> str | None:
        """Take the place ``parts``; why it cannot be taken, or None."""
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            folded = unicodedata.normalize("NFC", path.casefold())
            new = is_file and depth == len(parts)
            if self._spelling.get(folded, path) != path:
                return f"a name that differs from {self._spelling[folded]!r} in case or Unicode form only"
            if folded in self._files or (new and folded in self._spelling):
                return "the place of another member"
            self._spelling[folded] = path
            if new:
                self._files.add(folded)
        return None
