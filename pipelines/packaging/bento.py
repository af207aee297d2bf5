"""One Bento: the model sealed in BentoML's store, the serving code copied, requirements locked by hash."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from pipelines.packaging import container
from tatara.core.errors import TataraError
from tatara.core.files import write_json, write_text
from tatara.core.home import library_environment
from tatara.core.manifest import seal

ROOT = Path(__file__).parents[2]
CODE = ("tatara/__init__.py", "tatara/core", "services")


@dataclass(frozen=True)
class Release:
    """What is packaged: registered name and version, BentoML's tag in both stores, whether a GPU is demanded, and
    whether the policy asks for a signature, without which no service serves it."""

    name: str
    version: str
    tag: str
    gpu: bool = False
    signed: bool = False


@dataclass(frozen=True)
class Contents:
    """What goes into the store, before it is sealed.

    Attributes:
        release: what is packaged.
        model: folder of the model's files.
        context: folder with the serving code and ``requirements.txt``.
    """

    release: Release
    model: Path
    context: Path

    @property
    def place(self) -> Path:
        """Of both folders in their stores: ``NAME/VERSION``."""
        return Path(*self.release.tag.split(":"))

    @property
    def lock(self) -> str:
        """Name of the lock file, relative to the project's root."""
        return f"requirements/{'gpu-serve' if self.release.gpu else 'serve'}.txt"


def build_bento(
    release: Release, converted: Path, lineage: Path, home: Path, papers: Callable[[Contents], None] | None = None
) -> dict[str, Any]:
    """Put the model and the Bento into the store at ``home``; both appear whole, the Bento last, or not at all.

    Args:
        release: what to package.
        converted: the convert stage's folder.
        lineage: the chain up to the approval.
        home: of BentoML.
        papers: adds to the model's folder what is said of it, see `pipelines.packaging.papers`.

    Returns:
        ``bento``, ``model`` (tags), ``path`` (of the Bento) and ``manifest`` (SHA-256 of the model's manifest).

    Raises:
        TataraError: BentoML cannot build it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".package-", dir=home) as staged, TemporaryDirectory(prefix="context-") as context:
        # The context lies outside the store because BentoML reads no build file below a hidden folder.
        contents, store = Contents(release, Path(staged) / "model", Path(context)), Path(staged) / "store"
        _fill_model(contents, converted, lineage)
        _fill_context(contents)
        if papers is not None:
            papers(contents)
        manifest = seal(contents.model)
        write_json(contents.context / "pin.json", {"model": release.tag, "manifest": manifest, "gpu": release.gpu})
        _store(contents, store)
        _lock_requirements(store / "bentos" / contents.place, contents.context)
        container.write(store / "bentos" / contents.place, release.tag)
        for kind in ("models", "bentos"):
            _move(store / kind / contents.place, home / kind / contents.place)
            write_text(home / kind / contents.place.parent / "latest", contents.place.name)
    path = str(home / "bentos" / contents.place)
    return {"bento": release.tag, "model": release.tag, "path": path, "manifest": manifest}


def _fill_model(contents: Contents, converted: Path, lineage: Path) -> None:
    shutil.copytree(converted, contents.model)
    shutil.copyfile(lineage, contents.model / "lineage.json")
    release = contents.release
    said = {"name": release.name, "version": release.version, **({"signed": True} if release.signed else {})}
    write_json(contents.model / "release.json", said)


def _fill_context(contents: Contents) -> None:
    """The serving code alone: nothing else can get into the Bento."""
    for part in CODE:
        source, target = ROOT / part, contents.context / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(ROOT / contents.lock, contents.context / "requirements.txt")


def _store(contents: Contents, home: Path) -> None:
    """BentoML imports the service to build it, and reads its home once: in a process of its own."""
    release, context = contents.release, contents.context
    environment = {
        **os.environ,
        **library_environment(home),
        "BENTOML_HOME": str(home),
        "PYTHONPATH": f"{context}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        sys.executable,
        "-m",
        "pipelines.packaging.store",
        release.tag,
        release.name,
        release.version,
        str(contents.model),
    ]
    done = subprocess.run(command, env=environment, cwd=context, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise TataraError(f"BentoML cannot build {release.tag} ({last}); `tatara doctor` checks the Bento store")


def _lock_requirements(bento: Path, context: Path) -> None:
    """BentoML adds itself to the requirements without a hash: put the lock back."""
    lock = context / "requirements.txt"
    for name in ("requirements.txt", "requirements.in"):
        shutil.copyfile(lock, bento / "env" / "python" / name)
    shutil.copyfile(ROOT / "requirements" / "observe.txt", bento / "env" / "python" / "observe.txt")
    information = yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))
    information["image"]["python_requirements"] = lock.read_text(encoding="utf-8")
    write_text(bento / "bento.yaml", yaml.safe_dump(information, sort_keys=False, allow_unicode=True))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    os.replace(source, target)
