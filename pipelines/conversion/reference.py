"""The TensorFlow function from file bytes to answers: what the exported graphs are made from and judged against."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.prepare import image_prepare
from pipelines.parameters import Parameters, task_module
from tatara.core.contract import Contract
from tatara.core.modalities import image

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.workspace import Workspace


class Reference:
    """A trained model as two TensorFlow functions, ``prepare`` and ``model``, always in inference mode.

    `exact` is the same model in float64: how far float32 itself strays from it is how exact any conversion can be.

    The weights are arguments of the model function and not constants in its graph, since tf2onnx copies a graph with
    all that is in it at each of its passes.

    Args:
        task: module of the kind, for its ``finish``.
        model: prepared batch -> what ``finish`` takes, in float32.
        contract: of the model.
        parameters: of the training, from which the model is built once more in float64.
    """

    def __init__(self, task: Any, model: "keras.Model", contract: Contract, parameters: Parameters) -> None:
        import tensorflow as tf

        self.task, self.float32, self.parameters, self.classes = task, model, parameters, len(contract.labels)
        trainable, fixed = model.trainable_variables, model.non_trainable_variables
        self.variables = [*trainable, *fixed]
        size = contract.preparation.size
        prepared = tf.TensorSpec((None, size, size, 3), tf.float32, name="prepared")
        weights = [tf.TensorSpec(v.shape, v.dtype, name=f"weight_{i}") for i, v in enumerate(self.variables)]
        self.signature = [prepared, *weights]

        def finished(batch: "tf.Tensor", *values: "tf.Tensor") -> dict[str, "tf.Tensor"]:
            head, rest = values[: len(trainable)], values[len(trainable) :]
            raw, _ = model.stateless_call(head, rest, batch, training=False)
            return dict(task.finish(raw))

        self.model_function = tf.function(finished, input_signature=self.signature)
        uint8 = tf.TensorSpec((None, None, 3), tf.uint8, name="image")
        self.prepare_function = tf.function(image_prepare(contract.preparation), input_signature=[uint8])

    def prepare(self, example: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One decoded example -> the fixed tensor."""
        return np.asarray(self.prepare_function(example))

    def infer(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """A batch of prepared examples -> outputs by name."""
        found = self.model_function(batch, *(variable.value for variable in self.variables))
        return {name: np.asarray(value) for name, value in found.items()}

    def exact(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """`infer` in float64, with the same weights."""
        model = blank_model(self.parameters, self.classes, "float64")
        model.set_weights(self.float32.get_weights())
        found = self.task.finish(model(batch.astype(np.float64), training=False))
        return {name: np.asarray(value, np.float64) for name, value in found.items()}

    def infer_files(self, contents: list[bytes]) -> dict[str, NDArray[np.float32]]:
        """File bytes -> outputs by name."""
        return self.infer(np.stack([self.prepare(image.decode(content)) for content in contents]))


def blank_model(parameters: Parameters, classes: int, precision: str = "float32") -> "keras.Model":
    """The parameters' architecture in ``precision``, whatever it was trained in, with fresh weights."""
    import keras

    keras.config.set_dtype_policy(precision)
    built: keras.Model = task_module(parameters.kind).build(parameters.model_copy(update={"weights": "none"}), classes)
    keras.config.set_dtype_policy("float32")
    return built


def trained_model(workspace: "Workspace", classes: int) -> "keras.Model":
    """The model that the train stage left, in float32."""
    model = blank_model(workspace.parameters("train"), classes)
    model.load_weights(workspace.folder("train") / "model.weights.h5")
    return model
