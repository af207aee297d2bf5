"""The one way from file bytes to answers outside training: ONNX Runtime over a model folder."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tatara.core.contract import Finished, read_contract
from tatara.core.errors import RefusedError, TataraError
from tatara.core.kinds import kind_module
from tatara.core.memory import MOST_PIXELS
from tatara.core.modalities import image, modality_module
from tatara.core.providers import CPU, Bound, Gpu, Provider, require
from tatara.core.tiling import merged, window_of, windows

MODEL = "model_"
"""How the inputs of ``finish.onnx`` begin that are outputs of ``model.onnx``."""
MOST = 32
"""Examples in one call of the model."""
MOST_VALUES = 2**20
"""Numbers of prepared examples in one call, or one example: a network may hold several hundred times as much memory."""
INT8 = "model.int8.onnx"
"""The quantized batch model, where one was made."""
CONTRACT_KEY = "tatara.contract"
"""Metadata key under which every ONNX file carries the contract's digest."""


class Runtime:
    """A model folder (``contract.json``, ``prepare.onnx``, ``model.onnx``, ``finish.onnx``) ready to answer.

    Args:
        folder: the model folder.
        gpu: demand that the batch model runs on it; without it the CPU is used.
        threads: for one call inside ONNX Runtime; 0 lets it choose.
        model_file: name of the batch model, ``model.onnx`` or `INT8`.
        alone: threads for a call that has the machine to itself, in a second session of the batch model, which holds
            the weights once more; 0 for none.

    Attributes:
        contract: of the folder.
        kind, modality: modules of `tatara.core.kinds` and `tatara.core.modalities`.
        providers: of ONNX Runtime that the batch model runs on.
        at_once: prepared examples in one call of the model that a CPU's memory bears.

    Raises:
        RefusedError: a graph carries another contract's digest, or the GPU was demanded and is not used.
        TataraError: a file is missing or cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        gpu: Gpu | None = None,
        threads: int = 0,
        model_file: str = "model.onnx",
        alone: int = 0,
    ) -> None:
        self.contract = read_contract(folder / "contract.json")
        self.kind, self.modality = kind_module(self.contract.kind), modality_module(self.contract.modality)
        self._prepare = self._session(folder / "prepare.onnx", threads)
        self._model = self._session(folder / model_file, threads, gpu)
        self._bound = Bound(self._model, "cuda", gpu.device) if gpu else None
        self._alone = self._session(folder / model_file, alone, spinning=True) if alone > 1 and not gpu else self._model
        self._given, self._raw = self._model.get_inputs()[0].name, self._prepare.get_inputs()[0].name
        finish = folder / "finish.onnx"
        self._finish = self._session(finish, threads) if self.contract.finished else None
        self.providers: list[str] = self._model.get_providers()
        self._outputs = list(self.contract.outputs)
        self.at_once = max(1, min(MOST, MOST_VALUES // math.prod(self._model.get_inputs()[0].shape[1:])))

    def prepare(self, example: NDArray[Any]) -> NDArray[np.float32]:
        """One decoded example of any size -> the fixed tensor of the contract's preparation."""
        (prepared,) = self._prepare.run(None, {self._raw: example})
        return np.asarray(prepared)

    def infer(self, batch: NDArray[np.float32], alone: bool = False) -> dict[str, NDArray[np.float32]]:
        """A batch of prepared examples -> outputs by name, batch axis first.

        Args:
            batch: float32, batch axis first.
            alone: nothing else is asked at the same time. On a GPU nothing ever may be.
        """
        if self._bound is not None:
            values = self._bound.run(self._outputs, batch)
        else:
            values = (self._alone if alone else self._model).run(self._outputs, {self._given: batch})
        return {name: np.asarray(value) for name, value in zip(self._outputs, values, strict=True)}

    def finish(self, outputs: Finished, size: tuple[int, int], options: Any = None) -> Finished:
        """One example's outputs, without the batch axis -> the finished answer to an image of ``size``.

        Args:
            outputs: of `infer`, by name.
            size: height and width of the image.
            options: of the request, where only what it asks for is needed.
        """
        if self._finish is None:
            return outputs
        finished: Finished = self.kind.finished(self.contract, partial(self._finish_all, size), outputs, size, options)
        return finished

    def _finish_all(self, size: tuple[int, int], outputs: Finished) -> Finished:
        assert self._finish is not None
        names = list(self.contract.finished)
        given = {f"{MODEL}{name}": value for name, value in outputs.items()} | {"size": np.array(size, np.int32)}
        values = self._finish.run(names, {one.name: given[one.name] for one in self._finish.get_inputs()})
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}

    def answer(self, images: Sequence[NDArray[Any]]) -> list[Finished]:
        """The finished answers to decoded examples of any sizes, cut into windows and merged as the contract says."""
        cut = [windows(pixels.shape[0], pixels.shape[1], self.contract.tiling) for pixels in images]
        parts = [window_of(pixels, one) for pixels, own in zip(images, cut, strict=True) for one in own]
        found = self.answer_whole(parts)
        return [merged(self.kind, [next(found) for _ in own], own) for own in cut]

    def answer_files(self, contents: Sequence[bytes]) -> list[Finished]:
        """File bytes -> finished answers. Bounds are not checked here: evaluation reads what validation admitted.

        Raises:
            DecodeError: a file cannot be read.
        """
        return self.answer([self.modality.decoded(content, self.contract.preparation) for content in contents])

    def answer_whole(self, images: Sequence[NDArray[Any]]) -> Iterator[Finished]:
        """The finished answers to decoded examples as they are, whatever the contract says of windows."""
        for start in range(0, len(images), self.at_once):
            part = images[start : start + self.at_once]
            outputs = self.infer(np.stack([self.prepare(pixels) for pixels in part]))
            for position, pixels in enumerate(part):
                row = {name: values[position] for name, values in outputs.items()}
                yield self.finish(row, (pixels.shape[0], pixels.shape[1]))

    @property
    def tensors(self) -> dict[str, tuple[str, list[Any]]]:
        """Name -> ONNX Runtime's type and the shape, of the finished answer to one example."""
        session, names = self._finish or self._model, self.contract.finished or self.contract.outputs
        types = {one.name: one.type for one in session.get_outputs()}
        lengths = {name: list(shape) for name, shape in names.items()}
        if self.contract.finished:  # as many objects as are found, and more where tiles are merged
            lengths = {name: ["found", *shape[1:]] for name, shape in lengths.items()}
        return {name: (types[name], shape) for name, shape in lengths.items()}

    @property
    def prepared_shape(self) -> tuple[int, ...]:
        """Of one prepared example."""
        return tuple(self._model.get_inputs()[0].shape[1:])

    def admit_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Hold decoded pixels to the contract's bounds, but for those on the file that they never were in.

        Raises:
            BoundError: a bound is broken; the message begins with the rule's name.
        """
        return image.admitted_pixels(pixels, self.contract.bounds)

    def admit(self, content: bytes, most: int = MOST_PIXELS) -> NDArray[Any]:
        """Decode one request's bytes and hold them to the contract's bounds.

        Args:
            content: the file's bytes.
            most: pixels, or samples of all channels, that are decoded.

        Returns:
            The array that `prepare` takes.

        Raises:
            DecodeError: the bytes cannot be read, or hold too much.
            BoundError: a bound is broken; the message begins with the rule's name.
        """
        found: NDArray[Any] = self.modality.admitted(content, self.contract.bounds, self.contract.preparation, most)
        return found

    @property
    def has_alone(self) -> bool:
        """Whether there is a second session for calls that have the machine to themselves."""
        return self._alone is not self._model

    def drop_alone(self) -> None:
        """Let go of it: every call is by the first session."""
        self._alone = self._model

    def _session(
        self, path: Path, threads: int, gpu: Gpu | None = None, spinning: bool = False
    ) -> onnxruntime.InferenceSession:
        if not path.is_file():
            raise TataraError(f"{path}: missing from the model folder; package the model again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # A thread that waits for work by spinning takes the core that another request could use; without it, several
        # threads gain nothing on small networks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        options.add_session_config_entry("session.force_spinning_stop", "1")
        wanted: list[Provider] = gpu.providers({"prepared": self.contract.preparation.shape}) if gpu else [(CPU, {})]
        require(wanted)
        try:
            session = onnxruntime.InferenceSession(path, options, providers=wanted)
        except Exception as error:
            raise TataraError(f"{path}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})") from None
        if session.get_providers()[0] != wanted[0][0]:
            raise RefusedError(f"gpu=true, but {path.name} runs on {session.get_providers()[0]}; run `tatara doctor`")
        carried = session.get_modelmeta().custom_metadata_map.get(CONTRACT_KEY)
        if carried != self.contract.digest:
            raise RefusedError(f"{path.name} was made for another contract ({carried}), not {self.contract.digest}")
        return session
