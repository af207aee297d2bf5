"""Copies that are not needed any more."""

import shutil
from collections.abc import Set
from pathlib import Path

from tatara.core.signature import signature_of


def remove_others(models: Path, kept: Set[str]) -> None:
    """Remove every copy in ``models`` that is not ``kept``, with its signature; what cannot be removed stays."""
    for folder in [one for one in models.iterdir() if one.is_dir()] if models.is_dir() else []:
        if folder.name not in kept and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
            signature_of(folder).unlink(missing_ok=True)
