"""``serve`` and ``predict``: answers from a registered, packaged model."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import state_root
from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options, port, subject

if TYPE_CHECKING:
    from services.launch import Service
    from tatara.core.kinds.classification import Answer


def serve(request: Request, output: Output) -> int:
    """Serve until Ctrl-C; the address is printed when the model has passed its golden cases."""
    given = options(request, port=port, gpu=boolean)
    tag = bento_tag(subject(request, 0, "model"))
    with start(tag, given.get("port"), given.get("gpu", False)) as service:
        output.give({"url": service.url, "bento": tag}, f"{service.url} serves {tag}; Ctrl-C stops it")
        return service.wait()


def predict(request: Request, output: Output) -> int:
    """Ask a packaged model, or the service at ``url``, about image files; ``save`` draws the answers."""
    from tatara.core.client import Client, predict_local

    given = options(request, save=str, url=str, top=int)
    words = request.words if "url" in given else request.words[1:]
    if not words:
        raise UsageError(f"give files to predict, like: tatara {request.usage}")
    top = given.get("top", 5)
    if "url" in given:
        with Client(given["url"]) as client:
            answers = client.predict(words, top)
            name, version = client.model
            lineage = client.lineage.digest
    else:
        version_found = _packaged(request.words[0])
        folder = _model_folder(version_found.tags["tatara.bento"])
        answers = predict_local(folder, words, top)
        name, version, lineage = version_found.name, version_found.version, version_found.tags["tatara.lineage"]
    value = {
        "model": {"name": name, "version": str(version)},
        "lineage": lineage,
        "answers": [{"file": file, **answer.model_dump()} for file, answer in zip(words, answers, strict=True)],
    }
    lines = [*answer_lines(words, answers), f"model     {name}/{version}", f"lineage   {lineage}"]
    if "save" in given:
        value["picture"] = str(
            save_picture(Path(given["save"]), words, answers, f"{name}/{version}  lineage {lineage}")
        )
        lines.append(f"picture   {value['picture']}")
    output.give(value, "\n".join(lines))
    return 0


def answer_lines(files: Sequence[str | Path], answers: Sequence["Answer"]) -> list[str]:
    """One line a file: its name, the label, how sure, and the runners-up."""
    width = max(len(str(file)) for file in files)
    return [
        f"{file!s:<{width}}  {answer.label}  {answer.score:.1%}"
        + "".join(f"   {other.label} {other.score:.1%}" for other in answer.top[1:3])
        for file, answer in zip(files, answers, strict=True)
    ]


def save_picture(path: Path, files: Sequence[str | Path], answers: Sequence["Answer"], footer: str) -> Path:
    """Draw the answers beside their images and write the picture; returns its absolute path.

    Raises:
        UsageError: the name's ending is not that of a picture format.
    """
    import io

    from PIL import Image

    from tatara.core.files import write_bytes
    from tatara.core.kinds.classification import draw
    from tatara.core.modalities.image import decode

    if path.suffix.lower() not in Image.registered_extensions():
        raise UsageError(f"save={path}: not a picture format; end the name in .png or .jpg")
    content = io.BytesIO()
    picture = draw([decode(Path(file).read_bytes()) for file in files], answers, footer)
    picture.save(content, Image.registered_extensions()[path.suffix.lower()])
    write_bytes(path.absolute(), content.getvalue())
    return path.absolute()


def start(tag: str, port: int | None = None, gpu: bool = False) -> "Service":
    """The Bento ``tag`` as a running service of this machine."""
    from services.launch import launch

    log = state_root() / "logs" / f"{tag.replace(':', '-')}.log"
    print(f"starting  {tag} (log: {log})", file=sys.stderr, flush=True)
    return launch(tag, state_root() / "bentoml", log, port, environment={"TATARA_GPU": "1"} if gpu else None)


def answered_once(name: str, version: str, gpu: bool = False) -> dict[str, Any]:
    """Serve a version on a free port, ask it about one of its own golden files, and stop it."""
    from tatara.core.client import Client

    tag = bento_tag(f"{name}/{version}")
    case = sorted((_model_folder(tag) / "golden" / "files").iterdir())[0]
    with start(tag, gpu=gpu) as service, Client(service.url) as client:
        (answer,) = client.predict([case])
        lineage = client.lineage.digest
    return {
        "url": service.url,
        "file": case.name,
        "answer": answer.model_dump(),
        "lineage": lineage,
        "text": f"{answer.label} ({answer.score:.1%}) for {case.name}",
    }


def bento_tag(reference: str) -> str:
    """The Bento of a registered version.

    Raises:
        UsageError: no such version.
        TataraError: it was not packaged.
    """
    return str(_packaged(reference).tags["tatara.bento"])


def _packaged(reference: str) -> Any:
    from registry import versions

    found = versions.find(reference)
    if "tatara.bento" not in found.tags:
        run = f"`tatara package workspace={found.run_id}`"
        raise TataraError(f"{found.name}/{found.version} is registered but not packaged; run {run}")
    return found


def _model_folder(tag: str) -> Path:
    folder = state_root() / "bentoml" / "models" / tag.replace(":", "/")
    if not folder.is_dir():
        raise TataraError(f"{tag} is not in the Bento store of this machine ({folder}); package it here")
    return folder
