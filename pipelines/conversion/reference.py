"""The TensorFlow function from file bytes to answers: what the exported graphs are made from and judged against."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.nn.prepare import prepare_function
from pipelines.parameters import Parameters, task_module
from tatara.core.contract import Contract, Finished
from tatara.core.kinds import kind_module
from tatara.core.runtime import MODEL
from tatara.core.tiling import merged, window_of, windows

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipelines.workspace import Workspace


class Reference:
    """A trained model as TensorFlow functions, ``prepare``, ``model`` and ``finish``, always in inference mode.

    `exact` is the same model in float64: how far float32 itself strays from it is how exact any conversion can be.

    The weights are arguments of the model function and not constants in its graph, since tf2onnx copies a graph with
    all that is in it at each of its passes.

    Args:
        task: module of the kind, for its ``decode`` and ``finish``.
        model: prepared batch -> what ``decode`` takes, in float32.
        contract: of the model.
        parameters: of the training, from which the model is built once more in float64.
    """

    def __init__(self, task: Any, model: "keras.Model", contract: Contract, parameters: Parameters) -> None:
        import tensorflow as tf

        self.task, self.float32, self.parameters, self.contract = task, model, parameters, contract
        self.kind = kind_module(contract.kind)
        trainable, fixed = model.trainable_variables, model.non_trainable_variables
        self.variables = [*trainable, *fixed]
        prepared = tf.TensorSpec((None, *contract.preparation.shape), tf.float32, name="prepared")
        weights = [tf.TensorSpec(v.shape, v.dtype, name=f"weight_{i}") for i, v in enumerate(self.variables)]
        self.signature = [prepared, *weights]

        def answered(batch: "tf.Tensor", *values: "tf.Tensor") -> dict[str, "tf.Tensor"]:
            head, rest = values[: len(trainable)], values[len(trainable) :]
            raw, _ = model.stateless_call(head, rest, batch, training=False)
            return dict(task.decode(raw, parameters))

        self.model_function = tf.function(answered, input_signature=self.signature, autograph=False)
        self.prepare_function = prepare_function(contract.preparation)
        self.finish_function = self._finish_function() if contract.finished else None

    def prepare(self, example: NDArray[Any]) -> NDArray[np.float32]:
        """One decoded example -> the fixed tensor."""
        return np.asarray(self.prepare_function(example))

    def infer(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """A batch of prepared examples -> outputs by name."""
        found = self.model_function(batch, *(variable.value for variable in self.variables))
        return {name: np.asarray(value) for name, value in found.items()}

    def exact(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """`infer` in float64, with the same weights."""
        model = blank_model(self.parameters, len(self.contract.labels), "float64")
        model.set_weights(self.float32.get_weights())
        found = self.task.decode(model(batch.astype(np.float64), training=False), self.parameters)
        return {name: np.asarray(value, np.float64) for name, value in found.items()}

    def finish(self, outputs: Finished, height: int, width: int) -> Finished:
        """One example's outputs, without the batch axis -> the finished answer in an image of that size."""
        if self.finish_function is None:
            return outputs
        given = (outputs[name] for name in self.contract.outputs)
        found = self.finish_function(*given, np.array([height, width], np.int32))
        return {name: np.asarray(value) for name, value in found.items()}

    def answer(self, pixels: NDArray[Any]) -> Finished:
        """A decoded example -> the finished answer, window by window where the contract says so."""
        cut = windows(pixels.shape[0], pixels.shape[1], self.contract.tiling)
        return merged(self.kind, [self._answer_whole(window_of(pixels, one)) for one in cut], cut)

    def _answer_whole(self, pixels: NDArray[Any]) -> Finished:
        outputs = self.infer(self.prepare(pixels)[None])
        return self.finish({name: value[0] for name, value in outputs.items()}, *pixels.shape[:2])

    def _finish_function(self) -> Any:
        import tensorflow as tf

        given = self.model_function.get_concrete_function().structured_outputs
        names = list(self.contract.outputs)
        rows = [tf.TensorSpec(given[name].shape[1:], given[name].dtype, name=f"{MODEL}{name}") for name in names]

        def finished(*values: "tf.Tensor") -> dict[str, "tf.Tensor"]:
            return dict(self.task.finish(dict(zip(names, values[:-1], strict=True)), values[-1], self.parameters))

        signature = [*rows, tf.TensorSpec((2,), tf.int32, name="size")]
        return tf.function(finished, input_signature=signature, autograph=False)


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
