"""DVC: where the default remote lies, and whether it answers."""

from typing import Any


def facts() -> dict[str, Any]:
    """See the module."""
    from dvc.repo import Repo

    with Repo() as repository:
        remote = repository.config["core"].get("remote")
        storage = repository.cloud.get_remote_odb(remote)
        return {
            "remote": remote,
            "url": storage.fs.unstrip_protocol(storage.path),
            "local": storage.fs.protocol == "local",
            "exists": storage.fs.exists(storage.path),
        }
