"""What people, datasets and runs wrote, without what no text needs: it goes to terminals, pages and spreadsheets."""

import unicodedata

from tatara.core.errors import UsageError

LONGEST = 10_000
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They let a text read otherwise than it is written."""


def harmless(text: str) -> str:
    """``text`` without control characters (terminals obey them), turned writing, and halves of characters."""
    return "".join(letter for letter in text if letter in "\n\t" or not _harms(letter))


def one_line(text: str) -> str:
    """`harmless` text on one line."""
    return " ".join(harmless(text).split())


def plain_name(text: str) -> str:
    """A name that somebody else wrote, as it is compared: compatible forms folded, lower case, nothing invisible."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in folded if letter.isprintable()).strip().lower()[:128]


def storable(text: str) -> bool:
    """Whether a database can hold it: no half of a character, and no NUL."""
    return "\0" not in text and not any(unicodedata.category(letter) == "Cs" for letter in text)


def _harms(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _TURNING


def written(given: str, what: str, needed: bool = True) -> str:
    """What somebody wrote as a reason or a comment, made `harmless`.

    Raises:
        UsageError: there is nothing where something is needed, or too much.
    """
    kept = harmless(given[: 2 * LONGEST]).strip()
    if needed and not kept:
        raise UsageError(f'{what} is needed; write {what}="..."')
    if len(kept) > LONGEST:
        raise UsageError(f"{what} has {len(given)} characters, at most {LONGEST}")
    return kept
