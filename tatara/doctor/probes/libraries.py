"""NVIDIA's libraries as a process can load them."""

import ctypes
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any


def loadable(cuda: int, cudnn: int) -> dict[str, dict[str, Any]]:
    """For CUDA's runtime, cuDNN and CUPTI of these major versions: ``{"version": [..]}``, or ``{"error": ..}``."""
    return {
        "cuda": _versioned(f"libcudart.so.{cuda}", _cuda_version),
        "cudnn": _versioned(f"libcudnn.so.{cudnn}", _cudnn_version),
        "cupti": _versioned(f"libcupti.so.{cuda}", _cupti_version),
    }


def _versioned(name: str, version: Callable[[ctypes.CDLL], list[int]]) -> dict[str, Any]:
    error = ""
    for candidate in (name, *map(str, _packaged(name))):
        try:
            return {"library": candidate, "version": version(ctypes.CDLL(candidate))}
        except (OSError, AttributeError) as caught:
            error = error or str(caught)
    return {"library": name, "error": error}


def _packaged(name: str) -> list[Path]:
    """The same library from NVIDIA's Python packages, which no search path names."""
    return sorted(Path(sysconfig.get_path("purelib")).glob(f"nvidia/**/lib/{name}"))


def _cuda_version(library: ctypes.CDLL) -> list[int]:
    number = ctypes.c_int()
    library.cudaRuntimeGetVersion(ctypes.byref(number))
    return [number.value // 1000, number.value % 1000 // 10]


def _cudnn_version(library: ctypes.CDLL) -> list[int]:
    library.cudnnGetVersion.restype = ctypes.c_size_t
    number = library.cudnnGetVersion()
    return [number // 10000, number % 10000 // 100] if number >= 90000 else [number // 1000, number % 1000 // 100]


def _cupti_version(library: ctypes.CDLL) -> list[int]:
    number = ctypes.c_uint32()
    library.cuptiGetVersion(ctypes.byref(number))
    return [number.value]
