"""SavedModel: one folder that TensorFlow Serving serves, with the weights as variables.

Signatures: ``serving_default`` answers one example of any size, an image ``uint8 (height, width, 3)`` or a sound
``float32 (samples, 1)``, as the service does before
its kind's answer is made; ``prepare``, ``model`` (a batch) and ``finish`` are its parts.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.conversion.reference import Reference
from pipelines.exporting.carrier import Carrier
from tatara.core.contract import Contract, Finished
from tatara.core.modalities import modality_module

if TYPE_CHECKING:
    import tensorflow as tf

SERVING = "serving_default"


def functions(reference: Reference) -> tuple["tf.Module", dict[str, Any]]:
    """The reference's functions over variables: their keeper, and by name ``prepare``, ``model``, ``finish``.

    Each takes and gives tensors by the names that ONNX's graphs use.
    """
    import tensorflow as tf

    keeper = tf.Module()
    # TensorFlow's own variables: through Keras' LiteRT's converter does not find them, and leaves them without a value
    keeper.weights = [variable.value for variable in reference.variables]
    raw, batch = reference.prepare_function.input_signature[0], reference.signature[0]

    def prepare(raw: "tf.Tensor") -> dict[str, "tf.Tensor"]:
        return {"prepared": reference.prepare_function(raw)}

    def model(prepared: "tf.Tensor") -> dict[str, "tf.Tensor"]:
        return dict(reference.task.decode(reference.float32(prepared, training=False), reference.parameters))

    found = {
        "prepare": tf.function(prepare, input_signature=[raw], autograph=False),
        "model": tf.function(model, input_signature=[batch], autograph=False),
    }
    if reference.finish_function is not None:
        found["finish"] = reference.finish_function
    return keeper, found


def write(reference: Reference, folder: Path) -> None:
    """Write the SavedModel ``folder``."""
    import tensorflow as tf

    keeper, parts = functions(reference)
    names = list(reference.contract.outputs)

    def answer(raw: "tf.Tensor") -> dict[str, "tf.Tensor"]:
        outputs = parts["model"](parts["prepare"](raw)["prepared"][None])
        rows = {name: outputs[name][0] for name in names}
        return dict(parts["finish"](*rows.values(), tf.shape(raw)[:2])) if "finish" in parts else rows

    whole = tf.function(answer, input_signature=parts["prepare"].input_signature, autograph=False)
    keeper.parts, keeper.whole = parts, whole
    every = {SERVING: whole, **parts}
    signatures = {name: one.get_concrete_function() for name, one in every.items()}
    tf.saved_model.save(keeper, str(folder), signatures=signatures)


class SavedModel(Carrier):
    """A SavedModel asked through its serving signature, in TensorFlow."""

    def __init__(self, folder: Path, contract: Contract) -> None:
        import tensorflow as tf

        super().__init__(contract, f"TensorFlow {tf.__version__}")
        self._loaded = tf.saved_model.load(str(folder))
        self._serve = self._loaded.signatures[SERVING]

    def whole(self, pixels: NDArray[Any]) -> Finished:
        """As `Carrier.whole`."""
        import tensorflow as tf

        given = {modality_module(self.contract.modality).INPUT: tf.constant(pixels)}
        return {name: np.asarray(value) for name, value in self._serve(**given).items()}
