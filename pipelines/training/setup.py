"""The process before a training: device, seeds, determinism, precision."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.parameters import Parameters
from tatara.core.errors import RefusedError, UsageError


def settle(parameters: Parameters) -> None:
    """Check the device and seed every generator.

    Raises:
        UsageError: ``xla`` and ``deterministic``, of which Keras does only one.
        RefusedError: ``gpu=true`` and TensorFlow sees no GPU.
    """
    import keras
    import tensorflow as tf

    if parameters.xla and parameters.deterministic:
        raise UsageError("xla=true and deterministic=true exclude each other in Keras; add deterministic=false")
    if parameters.gpu and not tf.config.list_physical_devices("GPU"):
        raise RefusedError("gpu=true, but TensorFlow sees no GPU; run `tatara doctor`, or train with gpu=false")
    keras.backend.clear_session()  # layers are numbered from the start, so the same model has the same summary
    keras.utils.set_random_seed(parameters.seed)
    if parameters.deterministic:
        tf.config.experimental.enable_op_determinism()
    # Grappler adds up gradients in an order that differs from process to process; a step is as fast without it.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": parameters.deterministic})


@contextmanager
def precision(parameters: Parameters) -> Iterator[None]:
    """Models built in the block compute as the parameters say; their weights are float32 either way."""
    import keras

    before = keras.config.dtype_policy()
    if parameters.mixed_precision != "none":
        keras.config.set_dtype_policy(f"mixed_{parameters.mixed_precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
