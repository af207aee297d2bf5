"""The formats by name: how each is written and what it is loaded in. Imported by the process that exports alone."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.conversion import int8
from pipelines.conversion.reference import Reference, trained_model
from pipelines.examples import Example, split_examples
from pipelines.exporting import javascript, litert, saved_model
from pipelines.parameters import task_module
from pipelines.workspace import Workspace
from tatara.core.contract import read_contract
from tatara.core.runtime import INT8, Runtime

GRAPHS = ("contract.json", "prepare.onnx", "model.onnx", "finish.onnx")


@dataclass(frozen=True)
class Source:
    """A trained and converted run that exports are made from."""

    workspace: Workspace

    @property
    def converted(self) -> Path:
        """The folder of its ONNX graphs."""
        return self.workspace.folder("convert")

    @property
    def training(self) -> list[Example]:
        """Its training images, from which int8's ranges are taken."""
        return split_examples(self.workspace, "train")

    def reference(self) -> Reference:
        """The trained model as TensorFlow functions."""
        contract, parameters = read_contract(self.converted / "contract.json"), self.workspace.parameters("train")
        model = trained_model(self.workspace, len(contract.labels))
        return Reference(task_module(contract.kind), model, contract, parameters)


def write(name: str, source: Source, folder: Path) -> None:
    """Write the format ``name`` into the empty ``folder``, the contract beside it.

    Raises:
        NotCarriedError: the format lacks an operator of the model.
    """
    shutil.copy2(source.converted / "contract.json", folder)
    _WRITERS[name](source, folder)


def load(name: str, folder: Path) -> Any:
    """A context that gives what answers like `tatara.core.runtime.Runtime`, in the format's own runtime."""
    if name in ("onnx", "int8"):
        return nullcontext(Runtime(folder, model_file=INT8 if name == "int8" else "model.onnx"))
    contract = read_contract(folder / "contract.json")
    if name == "savedmodel":
        return nullcontext(saved_model.SavedModel(folder, contract))
    return javascript.JavaScript(folder, contract) if name == "tfjs" else nullcontext(litert.LiteRt(folder, contract))


def _onnx(source: Source, folder: Path) -> None:
    for graph in GRAPHS:
        if (source.converted / graph).is_file():
            shutil.copy2(source.converted / graph, folder)


def _int8(source: Source, folder: Path) -> None:
    """The quantized graph that the run made, or one made now in the same way."""
    _onnx(source, folder)
    if (source.converted / INT8).is_file():
        shutil.copy2(source.converted / INT8, folder)
    else:
        int8.quantize(folder, source.training)
    (folder / "model.onnx").unlink()


def _litert(precision: str) -> Callable[[Source, Path], None]:
    def written(source: Source, folder: Path) -> None:
        training: Sequence[Example] = source.training if precision == "int8" else ()
        litert.write(source.reference(), folder, precision, training)

    return written


_WRITERS: dict[str, Callable[[Source, Path], None]] = {
    "onnx": _onnx,
    "int8": _int8,
    "savedmodel": lambda source, folder: saved_model.write(source.reference(), folder),
    "tflite": _litert("float32"),
    "tflite-float16": _litert("float16"),
    "tflite-int8": _litert("int8"),
    "tfjs": lambda source, folder: javascript.write(source.reference(), folder),
}
