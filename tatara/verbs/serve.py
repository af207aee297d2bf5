"""``serve`` and ``predict``: answers from a registered, packaged model."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatara.core.errors import TataraError, UsageError
from tatara.core.home import state_root
from tatara.core.progress import progress
from tatara.verbs import Output, Request
from tatara.verbs.options import boolean, options, port, subject

if TYPE_CHECKING:
    from services.launch import Service
    from tatara.core.client import Local


def serve(request: Request, output: Output) -> int:
    """Serve until Ctrl-C; the address is printed when the model has passed its golden cases."""
    from services.launch import exit_when_told

    given = options(request, port=port, gpu=boolean, int8=boolean, key=Path)
    tag = bento_tag(subject(request, 0, "model"), given.get("key"))
    exit_when_told()
    with start(tag, **given) as service:
        graph = " from its int8 graph" if given.get("int8") else ""
        output.give({"url": service.url, "bento": tag}, f"{service.url} serves {tag}{graph}; Ctrl-C stops it")
        return service.wait()


def predict(request: Request, output: Output) -> int:
    """Ask a packaged model, or the service at ``url``, about image files; ``save`` draws the answers.

    A file that cannot be answered is named on standard error, the others are answered, and the exit code is 1.
    """
    asked = options(request, save=str, url=str, key=Path, **dict.fromkeys(_option_names(), str))
    given = {name: value for name, value in asked.items() if name not in ("save", "url", "key")}
    words = request.words if "url" in asked else request.words[1:]
    if not words:
        raise UsageError(f"give files to predict, like: tatara {request.usage}")
    if "url" in asked:
        found = _served(asked["url"], words, given)
    else:
        found = _packaged_here(request.words[0], words, given, asked.get("key"))
    for _, error in found.refused:
        print(f"tatara: {error}", file=sys.stderr)
    value = {
        "model": {"name": found.name, "version": found.version},
        "lineage": found.lineage,
        "answers": [{"file": file, **_told(answer)} for file, answer in zip(words, found.answers, strict=True)],
    }
    files, answers = [file for file, _ in found.answered], [answer for _, answer in found.answered]
    lines = answer_lines(files, answers) if files else []
    lines += [f"model     {found.name}/{found.version}", f"lineage   {found.lineage}"]
    if "save" in asked and files:
        footer = f"{found.name}/{found.version}  lineage {found.lineage}"
        value["picture"] = str(save_picture(Path(asked["save"]), files, answers, footer, found.labels))
        lines.append(f"picture   {value['picture']}")
    output.give(value, "\n".join(lines))
    return 1 if found.refused else 0


@dataclass(frozen=True)
class Found:
    """Who answered, and for each of ``files`` the answer or the error."""

    name: str
    version: str
    lineage: str
    labels: Sequence[str]
    files: Sequence[str]
    answers: Sequence[Any]

    @property
    def answered(self) -> list[tuple[str, Any]]:
        """Files with their answers."""
        pairs = zip(self.files, self.answers, strict=True)
        return [(file, answer) for file, answer in pairs if not isinstance(answer, TataraError)]

    @property
    def refused(self) -> list[tuple[str, TataraError]]:
        """Files with their errors."""
        pairs = zip(self.files, self.answers, strict=True)
        return [(file, answer) for file, answer in pairs if isinstance(answer, TataraError)]


def _served(url: str, files: Sequence[str], given: dict[str, str]) -> Found:
    from tatara.core.client import Client

    with Client(url) as client:
        labels = client.contract.labels
        answers = list(progress(client.predict_each(files, **given), len(files), "predict"))
        return Found(*client.model, str(client.lineage.digest), labels, files, answers)


def packaged_model(reference: str) -> "Local":
    """The packaged model behind ``NAME[@alias|/version]``, loaded here.

    Raises:
        UsageError: no such version.
        TataraError: it was not packaged on this machine.
    """
    from tatara.core.client import Local

    return Local(_model_folder(bento_tag(reference)))


def _packaged_here(reference: str, files: Sequence[str], given: dict[str, str], key: Path | None) -> Found:
    from tatara.core.client import Local

    version = _packaged(reference, key)
    local = Local(_model_folder(version.tags["tatara.bento"]))
    answers = list(progress(local.predict_each(files, **given), len(files), "predict"))
    lineage = version.tags["tatara.lineage"]
    return Found(version.name, str(version.version), lineage, local.contract.labels, files, answers)


def _option_names() -> list[str]:
    """Of all kinds: which kind is asked is known when the model is."""
    from tatara.core.kinds import classification, detection, instances, segmentation

    kinds: tuple[Any, ...] = (classification, detection, instances, segmentation)
    return sorted({name for kind in kinds for name in kind.Options.model_fields})


def _told(answer: Any) -> dict[str, Any]:
    return {"error": str(answer)} if isinstance(answer, TataraError) else dict(answer.model_dump(mode="json"))


def _kind(answer: Any) -> Any:
    """The module of `tatara.core.kinds` that an answer is of."""
    return sys.modules[type(answer).__module__]


def answer_lines(files: Sequence[str | Path], answers: Sequence[Any]) -> list[str]:
    """One line a file: its name, and the answer as its kind tells it."""
    width = max(len(str(file)) for file in files)
    return [f"{file!s:<{width}}  {_kind(answer).line(answer)}" for file, answer in zip(files, answers, strict=True)]


def save_picture(
    path: Path, files: Sequence[str | Path], answers: Sequence[Any], footer: str, labels: Sequence[str] = ()
) -> Path:
    """Draw the answers over their images and write the picture; returns its absolute path.

    Raises:
        UsageError: the name's ending is not that of a picture format.
    """
    import io

    from PIL import Image

    from tatara.core import drawing
    from tatara.core.files import write_bytes
    from tatara.core.modalities import shown

    if path.suffix.lower() not in Image.registered_extensions():
        raise UsageError(f"save={path}: not a picture format; end the name in .png or .jpg")
    pictures = [
        _kind(answer).overlay(shown(file, Path(file).read_bytes()), answer, labels, 480)
        for file, answer in zip(files, answers, strict=True)
    ]
    content = io.BytesIO()
    picture = drawing.grid(drawing.captioned(pictures, [str(file) for file in files]), footer)
    picture.save(content, Image.registered_extensions()[path.suffix.lower()])
    write_bytes(path.absolute(), content.getvalue())
    return path.absolute()


def start(
    tag: str, port: int | None = None, gpu: bool = False, int8: bool = False, key: Path | None = None
) -> "Service":
    """The Bento ``tag`` as a running service of this machine, on demand on the GPU, from the quantized graph, or only
    where it is signed with ``key``; with the registry's where its policy asks for a signature."""
    from registry import signing
    from services.launch import launch
    from tatara.core.files import read_json
    from tatara.core.signature import required_key

    if key is None and required_key() is None and read_json(_model_folder(tag) / "release.json").get("signed"):
        key = signing.public_key()

    log = state_root() / "logs" / f"{tag.replace(':', '-')}.log"
    print(f"starting  {tag} (log: {log})", file=sys.stderr, flush=True)
    switches = {"TATARA_GPU": "1"} if gpu else {}
    if int8:
        switches["TATARA_INT8"] = "1"
    return launch(tag, state_root() / "bentoml", log, port, environment=switches, public_key=key)


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
        "answer": answer.model_dump(mode="json"),
        "lineage": lineage,
        "text": f"{_kind(answer).line(answer)} for {case.name}",
    }


def bento_tag(reference: str, key: Path | None = None) -> str:
    """The Bento of a registered version.

    Args:
        reference: of the version.
        key: public, that the Bento must be signed with; by default that of ``TATARA_PUBLIC_KEY``, or where the
            version's policy asks for a signature the registry's, if any.

    Raises:
        UsageError: no such version.
        TataraError: it was not packaged.
        RefusedError: unsigned or altered.
    """
    return str(_packaged(reference, key).tags["tatara.bento"])


def _packaged(reference: str, key: Path | None = None) -> Any:
    from registry import review, signing, versions
    from services.signed import require_signed_bento
    from tatara.core.signature import required_key

    found = versions.find(reference)
    if "tatara.bento" not in found.tags:
        run = f"`tatara package workspace={found.run_id}`"
        raise TataraError(f"{found.name}/{found.version} is registered but not packaged; run {run}")
    key = key or required_key()
    if key is None and review.asks_for_signature(found.name, str(found.version)):
        key = signing.public_key()
    if key:
        require_signed_bento(
            found.tags["tatara.bento"], state_root() / "bentoml", key, (found.name, str(found.version))
        )
    return found


def _model_folder(tag: str) -> Path:
    folder = state_root() / "bentoml" / "models" / tag.replace(":", "/")
    if not folder.is_dir():
        raise TataraError(f"{tag} is not in the Bento store of this machine ({folder}); package it here")
    return folder
