"""Prepared examples on disk: decoded by the one decoder, prepared once, then read by memory map at every epoch.

A cache file is the raw ``float32 (examples, ...)`` tensor without a header, so that both NumPy and
TensorFlow can map it. Its name is the digest of everything that its bytes depend on.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.examples import Example
from tatara.core.contract import Preparation
from tatara.core.errors import TataraError
from tatara.core.files import digest, sha256_file
from tatara.core.home import state_root
from tatara.core.modalities import modality_module
from tatara.core.progress import progress

if TYPE_CHECKING:
    import tensorflow as tf

_BLOCK = 256


@dataclass(frozen=True)
class Prepared:
    """A cache file and the shape ``(examples, ...)`` of its float32 tensor."""

    path: Path
    shape: tuple[int, ...]

    def array(self) -> NDArray[np.float32]:
        """The tensor, mapped read-only."""
        return np.memmap(self.path, np.float32, "r", shape=self.shape)

    def tensor(self) -> "tf.Tensor":
        """The tensor, mapped by TensorFlow; it lives in the page cache and not in the process's own memory."""
        import tensorflow as tf

        with tf.device("CPU:0"):
            return tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=self.shape, memory_region_name=str(self.path))


def prepared(examples: Sequence[Example], preparation: Preparation, label: str) -> Prepared:
    """The prepared tensors of ``examples`` in their order, from the cache or made now, with progress as ``label``.

    Raises:
        TataraError: the disk has no room for them, or a file changed since it was validated.
        DecodeError: a file cannot be read.
    """
    folder = state_root() / "cache" / "prepared"
    path = folder / f"{_key(examples, preparation)}.f32"
    found = Prepared(path, (len(examples), *preparation.shape))
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _drop_leftovers(folder)
        _require_room(folder, 4 * int(np.prod(found.shape, dtype=np.int64)), label)
        _write(path, examples, preparation, label)
    return found


def _key(examples: Sequence[Example], preparation: Preparation) -> str:
    import tensorflow as tf

    import pipelines.nn.prepare as code

    return digest(
        {
            "decoder": modality_module(preparation.modality).DECODER,
            "prepare": sha256_file(Path(code.__file__)),
            "tensorflow": tf.__version__,
            "preparation": preparation.model_dump(mode="json"),
            "examples": [[example.digest, *(example.window or ())] for example in examples],
        }
    )


def _require_room(folder: Path, needed: int, label: str) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise TataraError(
            f"{folder}: {label} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            "free some space, choose a smaller size, or set TATARA_HOME to a larger disk"
        )


def _drop_leftovers(folder: Path) -> None:
    """Remove what killed builds left, unless another process still holds it."""
    for path in folder.glob(".*.f32.*"):
        if not Path("/proc", path.name.rpartition(".")[2]).exists():
            path.unlink(missing_ok=True)


def _write(path: Path, examples: Sequence[Example], preparation: Preparation, label: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            for tensor in progress(_tensors(examples, preparation), len(examples), label):
                file.write(tensor.tobytes())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _tensors(examples: Sequence[Example], preparation: Preparation) -> Iterator[NDArray[np.float32]]:
    """Prepared examples in order, decoded by as many threads as there are cores, a block at a time."""
    from pipelines.nn.prepare import prepare_function

    prepare = prepare_function(preparation)

    def one(example: Example) -> Any:
        return prepare(example.decoded(preparation)).numpy()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(examples), _BLOCK):
            yield from pool.map(one, examples[start : start + _BLOCK])
