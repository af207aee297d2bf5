"""TensorFlow: its version, what it was built for, the GPUs that it sees, and whether one computes."""

from typing import Any

from tatara.doctor.probes.libraries import loadable


def facts() -> dict[str, Any]:
    """See the module."""
    import tensorflow as tf

    built = tf.sysconfig.get_build_info()
    cuda, cudnn = built.get("cuda_version"), built.get("cudnn_version")
    gpus = tf.config.list_physical_devices("GPU")
    found: dict[str, Any] = {
        "version": tf.__version__,
        "cuda": cuda,
        "cudnn": cudnn,
        "capabilities": list(built.get("cuda_compute_capabilities", ())),
        "gpus": [_described(tf.config.experimental.get_device_details(gpu)) for gpu in gpus],
        "libraries": loadable(int(cuda.split(".")[0]), int(cudnn.split(".")[0])) if cuda and cudnn else {},
    }
    if gpus:
        with tf.device("/GPU:0"):
            found["computed_on"] = tf.matmul(tf.ones((2, 2)), tf.ones((2, 2))).device
    return found


def _described(details: dict[str, Any]) -> dict[str, Any]:
    return {"name": details.get("device_name"), "capability": list(details.get("compute_capability", ()))}
