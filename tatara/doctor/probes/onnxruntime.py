"""ONNX Runtime: its version, what it was built for, its providers, and which one runs a small graph."""

import base64
import importlib.metadata
import re
from typing import Any

from tatara.doctor.probes.libraries import loadable

_GRAPH = base64.b64decode(
    "CAg6QAoRCgF4CgF4EgF5IgZNYXRNdWwSAWdaEwoBeBIOCgwIARIICgIIAgoCCAJiEwoBeRIOCgwIARIICgIIAgoCCAJCBAoAEA0="
)
"""ONNX: y = x @ x for a float32 (2, 2); written out, since the serve environment has no ``onnx``."""


def facts() -> dict[str, Any]:
    """See the module."""
    import numpy as np
    import onnxruntime

    cuda = str(getattr(onnxruntime, "cuda_version", "") or "") or None
    if cuda:
        onnxruntime.preload_dlls()
    providers = onnxruntime.get_available_providers()
    wanted = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in providers]
    onnxruntime.set_default_logger_severity(4)
    session = onnxruntime.InferenceSession(_GRAPH, providers=wanted)
    session.run(None, {"x": np.ones((2, 2), np.float32)})
    cudnn = _wanted_cudnn()
    return {
        "version": onnxruntime.__version__,
        "cuda": cuda,
        "cudnn": cudnn,
        "providers": providers,
        "ran_on": session.get_providers()[0],
        "libraries": loadable(int(cuda.split(".")[0]), int(cudnn or 9)) if cuda else {},
    }


def _wanted_cudnn() -> str | None:
    """Major version of cuDNN in the GPU package's own requirements."""
    try:
        requirements = importlib.metadata.requires("onnxruntime-gpu") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = (re.match(r"nvidia-cudnn-cu\d+\s*[~=>]+\s*(\d+)", requirement) for requirement in requirements)
    return next((match[1] for match in found if match), None)
