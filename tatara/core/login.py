"""Who is at the keyboard."""

import getpass
import os


def login() -> str:
    """``TATARA_USER``, or the name that the operating system logged in; ``unknown`` where it has none."""
    try:
        return os.environ.get("TATARA_USER") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
