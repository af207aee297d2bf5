"""``replay``: a request of the prediction log, answered again by the version that answered it."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.journal import REDACTED, find
from tatara.core.client import Local
from tatara.core.errors import RefusedError, UsageError
from tatara.core.files import read_json, sha256_bytes
from tatara.core.home import state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import options


def replay(request: Request, output: Output) -> int:
    """Answer it again and compare; exit code 3 where the answer is another one.

    Files that the log does not hold are given as words after the request's id; they are told by their digest.
    """
    given = options(request, log=Path)
    folder = given.get("log") or Path(os.environ.get("TATARA_JOURNAL") or state_root() / "journal")
    if not request.words:
        raise UsageError(f"give a request's id, like: tatara {request.usage}")
    rows = find(folder, request.words[0])
    contents = list(_contents(rows, request.words[1:]))
    local = Local(_model_folder(rows[0]), rows[0]["graph"])
    answers = [one.model_dump(mode="json") for one in local.predict(contents, **json.loads(rows[0]["options"]))]
    told = [_told(row, answer) for row, answer in zip(rows, answers, strict=True)]
    same = all(one["same"] for one in told)
    lines = [f"{one['file']}  {'the same answer' if one['same'] else 'another answer'}" for one in told]
    lines.append(f"model     {rows[0]['model']}/{rows[0]['version']}  ({rows[0]['graph']})")
    lines.append(f"lineage   {rows[0]['lineage']}")
    output.give({"request": request.words[0], "same": same, "files": told}, "\n".join(lines))
    return 0 if same else RefusedError.exit_code


def _told(row: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    logged = json.loads(row["answer"])
    return {"file": row["file"], "same": _equal(logged, answer), "logged": logged, "answer": answer}


def _equal(logged: Any, answer: Any) -> bool:
    """Whether they are the same but for what was redacted, numbers to four decimals: threads add in another order."""
    if logged == REDACTED:
        return True
    if isinstance(logged, float) and isinstance(answer, float):
        return math.isclose(logged, answer, rel_tol=1e-4, abs_tol=1e-4)
    if isinstance(logged, dict) and isinstance(answer, dict):
        return logged.keys() == answer.keys() and all(_equal(logged[key], answer[key]) for key in logged)
    if isinstance(logged, list) and isinstance(answer, list):
        return len(logged) == len(answer) and all(map(_equal, logged, answer))
    return bool(logged == answer)


def _contents(rows: Sequence[dict[str, Any]], files: Sequence[str]) -> Iterator[bytes]:
    """Each row's file, from the log or from those that were given."""
    beside = {}
    for name in files:
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file")
        given = Path(name).read_bytes()
        beside[sha256_bytes(given)] = given
    for row in rows:
        content: bytes | None = row["content"] if row["content"] is not None else beside.get(row["sha256"])
        if content is None:
            raise UsageError(
                f"{row['file']}: the log holds its digest {row['sha256'][:12]} alone; give the file after the id"
            )
        yield content


def _model_folder(row: dict[str, Any]) -> Path:
    """The version in this machine's Bento store, told by its lineage."""
    store = state_root() / "bentoml" / "models"
    for path in sorted(store.glob("*/*/release.json")):
        said = read_json(path)
        if (said.get("name"), said.get("version")) == (row["model"], row["version"]):
            found = path.parent
            break
    else:
        raise UsageError(f"{row['model']}/{row['version']} is not in the Bento store of this machine; package it here")
    from tatara.core.lineage import read_chain

    if (lineage := str(read_chain(found / "lineage.json").digest)) != row["lineage"]:
        raise RefusedError(f"{found} is of another lineage ({lineage[:12]}) than the answer ({row['lineage'][:12]})")
    return found
