"""A registered version in other formats, each measured beside the original."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.conversion.process import spawn
from pipelines.exporting.row import Row
from pipelines.parameters import choose
from pipelines.workspace import Workspace, find_workspace
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, sha256_file
from tatara.core.home import state_root

FORMATS = ("onnx", "int8", "savedmodel", "tflite", "tflite-float16", "tflite-int8", "tfjs")
_GROUPS = {"all": FORMATS, "tflite": ("tflite", "tflite-float16", "tflite-int8")}


@dataclass(frozen=True)
class Exported:
    """The rows of a version's exports, in the order that was asked for, and the folder that holds them."""

    name: str
    version: str
    folder: Path
    rows: list[Row]


def formats_of(text: str) -> tuple[str, ...]:
    """The formats that ``onnx,tflite`` or ``all`` means; ``tflite`` is LiteRT in float32, float16 and int8.

    Raises:
        UsageError: no such format; the nearest is suggested.
    """
    names = [choose("format", one.strip(), (*FORMATS, "all")) for one in text.split(",")]
    return tuple(dict.fromkeys(each for one in names for each in _GROUPS.get(one, (one,))))


def export(reference: str, formats: Sequence[str]) -> Exported:
    """Export ``NAME[@alias|/version]`` to every one of ``formats``, below ``.tatara/exports``.

    Raises:
        UsageError: no such version, or its run is not on this machine.
        RefusedError: the run's graphs are not those that were registered.
    """
    from registry import versions

    found = versions.find(reference)
    workspace = find_workspace(found.run_id)
    _hold_to_registered(workspace)
    folder = state_root() / "exports" / f"{found.name}-{found.version}"
    folder.mkdir(parents=True, exist_ok=True)
    return Exported(found.name, str(found.version), folder, [export_run(workspace, folder, one) for one in formats])


def export_run(workspace: Workspace, folder: Path, name: str) -> Row:
    """Export a converted run to one format, below ``folder``, in a process of its own."""
    spawn("pipelines.exporting", str(workspace.path), str(folder / name))
    return Row.model_validate_json((folder / f"{name}.json").read_text(encoding="utf-8"))


def _hold_to_registered(workspace: Workspace) -> None:
    record = workspace.folder("register") / "registration.json"
    registered, graph = read_json(record)["digests"]["model.onnx"], workspace.folder("convert") / "model.onnx"
    if sha256_file(graph) != registered:
        raise RefusedError(f"{graph} is not the file that was registered; export a run whose files were not changed")
