"""The project's DVC repository: opened in process, one command at a time, with errors of one line."""

import fcntl
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tatara.core.errors import TataraError
from tatara.core.home import project_root

if TYPE_CHECKING:
    from dvc.output import Output
    from dvc.repo import Repo

EMBEDDED = "embedded"
"""The remote inside the repository. It holds the project's own datasets only."""


@contextmanager
def exclusive() -> Iterator[None]:
    """Let one command at a time change ``data/`` and ``data.dvc``; another waits."""
    folder = project_root() / ".dvc" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tatara-data.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("waiting for another `tatara data` command to finish\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def repository() -> "Iterator[Repo]":
    """The DVC repository at the project's root.

    Raises:
        TataraError: whatever DVC raises inside the block, in one line.
    """
    from dvc.lock import LockError
    from dvc.repo import Repo

    for name in ("dvc", "dvc_data", "dvc_objects"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with Repo(str(project_root())) as repo:
            _mend_lock_file(repo)
            try:
                yield repo
            except BaseException:
                _mend_lock_file(repo)
                raise
    except LockError:
        raise TataraError("another dvc command is running here; try again when it has finished") from None
    except TataraError:
        raise
    except Exception as error:  # DVC's own, SQLite's, the file systems' and whatever a remote's client raises
        raise TataraError(f"DVC: {' '.join(str(error).split()) or type(error).__name__}") from error


def _mend_lock_file(repo: "Repo") -> None:
    """DVC rewrites its file of locks in place: Ctrl-C may leave it cut, and then every DVC command refuses to work."""
    from dvc.lock import LockError, make_lock

    path = Path(str(repo.tmp_dir)) / "rwlock"
    with suppress(LockError, FileNotFoundError), make_lock(f"{path}.lock", tmp_dir=repo.tmp_dir):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            path.unlink()


def default_remote(repo: "Repo") -> str:
    """Name of the remote that pull and push use."""
    return str(repo.config["core"].get("remote") or EMBEDDED)


def data_output(repo: "Repo") -> "Output":
    """DVC's record of ``data/``, as ``data.dvc`` states it."""
    (output,) = repo.find_outs_by_path(str(project_root() / "data"))
    return output


def track(repo: "Repo") -> None:
    """Bring ``data.dvc`` up to date with ``data/``.

    While the embedded remote is the default, the record is marked ``push: false``: users' data never goes there.
    """
    repo.add(str(project_root() / "data"))
    allow_push(repo, default_remote(repo) != EMBEDDED)


def allow_push(repo: "Repo", allowed: bool) -> None:
    """Write into ``data.dvc`` whether ``dvc push`` may send what it names."""
    output = data_output(repo)
    output.can_push = allowed
    output.stage.dump()


def tracked_names(repo: "Repo") -> list[str]:
    """Names of the datasets that ``data.dvc`` records.

    Raises:
        TataraError: the record has not been pulled, so nobody here knows.
    """
    output = data_output(repo)
    if not output.hash_info:
        return []
    if not repo.cache.local.exists(output.hash_info.value):
        raise TataraError("data.dvc names data that is not here yet; run `tatara data pull` first")
    return sorted({path[0] for path, _, _ in output.get_obj()})
