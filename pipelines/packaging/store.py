"""``python -m pipelines.packaging.store TAG NAME VERSION MODEL``: fill the Bento store at ``BENTOML_HOME``.

Runs in the context folder, in a process that imports the serving code from there and nowhere else.
"""

import shutil
import sys
from pathlib import Path

import bentoml


def store(tag: str, name: str, version: str, model: Path) -> None:
    """Store the model folder, then build the Bento of the current folder, both under ``tag``."""
    labels = {"name": name, "version": version}
    with bentoml.models.create(tag, labels=labels) as stored:
        shutil.copytree(model, stored.path, dirs_exist_ok=True)
    bento, _, bento_version = tag.partition(":")
    bentoml.bentos.build(
        "services.service:TataraService",
        name=bento,
        version=bento_version,
        labels=labels,
        description=f"# {name} {version}\n\nServe it with `bentoml serve {tag}`.\n",
        include=["tatara/**", "services/**", "pin.json"],
        python={"requirements_txt": "requirements.txt", "lock_packages": False},
        docker={"distro": "debian"},
        models=[tag],
        build_ctx=str(Path.cwd()),
    )


if __name__ == "__main__":
    store(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
