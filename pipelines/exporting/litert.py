"""LiteRT (TensorFlow Lite): ``prepare.tflite``, ``model.tflite`` for a batch of one, and ``finish.tflite``.

In built-in operators alone, since an app's interpreter has no others.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.conversion.reference import Reference
from pipelines.examples import Example, diverse
from pipelines.exporting.carrier import Graphs, NotCarriedError, Tensors
from pipelines.exporting.saved_model import functions
from tatara.core.contract import Contract
from tatara.core.errors import TataraError

CALIBRATION = 128
"""Training images from which int8's ranges are taken."""


def write(reference: Reference, folder: Path, precision: str, training: Sequence[Example]) -> None:
    """Write the three files.

    Args:
        reference: the trained model.
        folder: an existing one.
        precision: of the model's weights: ``float32``, ``float16``, or ``int8``, which quantizes what it computes too.
            Preparation and finish stay in float32.
        training: images for int8's ranges.

    Raises:
        NotCarriedError: an operator is not built into LiteRT.
    """
    import tensorflow as tf

    keeper, parts = functions(reference)
    one = tf.TensorSpec((1, *reference.signature[0].shape[1:]), tf.float32, name="prepared")
    batch = parts["model"]
    parts["model"] = tf.function(lambda prepared: batch(prepared), input_signature=[one], autograph=False)
    for name, function in parts.items():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], keeper)
        if name == "model" and precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if name == "model" and precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if name == "model" and precision == "int8":
            converter.representative_dataset = _ranges(reference, training)
        (folder / f"{name}.tflite").write_bytes(_converted(converter, f"{name}.tflite"))


def _ranges(reference: Reference, training: Sequence[Example]) -> Callable[[], Iterator[list[Any]]]:
    def prepared() -> Iterator[list[Any]]:
        for example in diverse(list(training), CALIBRATION):
            yield [reference.prepare(example.decoded(reference.contract.preparation))[None]]

    return prepared


def _converted(converter: Any, name: str) -> bytes:
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter raises a class of its own, which no module of TensorFlow's names
        if missing := re.search(r"(?:TF Select|Custom) ops: ([\w, ]+)", str(error)):
            raise NotCarriedError(missing[1].split(", "), f"LiteRT ({name})") from None
        raise TataraError(f"{name}: LiteRT's converter failed ({str(error).strip().splitlines()[0][:200]})") from None


class LiteRt(Graphs):
    """The files in LiteRT's interpreter."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        import tensorflow as tf

        super().__init__(contract, f"LiteRT of TensorFlow {tf.__version__}")
        self._folder = folder
        self._runner = cache(self._load)

    def _load(self, graph: str) -> Any:
        import tensorflow as tf

        return tf.lite.Interpreter(str(self._folder / f"{graph}.tflite")).get_signature_runner()

    def call(self, graph: str, inputs: Tensors) -> Tensors:
        """As `Graphs.call`; the input of a graph for any size takes the size that is given.

        Raises:
            NotCarriedError: an operator refuses what it is given, such as int8's division by what was rounded to 0.
        """
        try:
            found: Tensors = self._runner(graph)(**inputs)
        except RuntimeError as error:
            if failed := re.search(r"Node number \d+ \((\w+)\) failed", str(error)):
                raise NotCarriedError([f"{failed[1]} on these values"], f"LiteRT ({graph}.tflite)") from None
            raise
        return found
