"""BentoML's store: a model entry is written, found and removed."""

import secrets
from pathlib import Path
from typing import Any


def facts() -> dict[str, Any]:
    """See the module."""
    import bentoml

    tag = f"doctor-{secrets.token_hex(4)}:probe"
    with bentoml.models.create(tag) as entry:
        Path(entry.path_of("probe.txt")).write_text(tag, encoding="utf-8")
    try:
        read = Path(bentoml.models.get(tag).path_of("probe.txt")).read_text(encoding="utf-8")
        return {"version": bentoml.__version__, "same": read == tag}
    finally:
        bentoml.models.delete(tag)
