"""The model behind the door: verified, loaded, proven on its golden cases, then asked in batches."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from services import metrics
from services.batching import LINGER, WORTH, Batcher, Outputs, best_size, measured
from services.seen import passed, step
from services.settings import Pin, Settings
from services.workers import Workers
from tatara.core.contract import Finished
from tatara.core.cores import cores
from tatara.core.drawing import png
from tatara.core.errors import BoundError, DecodeError, RefusedError
from tatara.core.files import canonical_json, read_json
from tatara.core.kinds import beyond
from tatara.core.lineage import Chain, read_chain
from tatara.core.manifest import verify_seal
from tatara.core.providers import Gpu
from tatara.core.runtime import INT8, Runtime
from tatara.core.signature import key_for, require_signed
from tatara.core.tiling import Window, merged, window_of, windows

STORED_BESIDE = ("model.yaml",)
"""What BentoML's model store adds to a model folder."""
TRIED = 5
"""Calls of either session, of which the quickest counts: other work on the machine comes and goes."""
MOST_TWICE = 256 * 2**20
"""Bytes of a batch model that is held twice, see `Settings.alone`."""

T = TypeVar("T")
Example = bytes | NDArray[Any]
"""A file's bytes, an image's pixels ``uint8 (height, width, 3)``, or prepared already, ``float32`` as inferred."""
logger = logging.getLogger("tatara.service")


@dataclass(frozen=True)
class Identity:
    """Who answers: the registered name and version, and the digest of the chain that led to them."""

    name: str
    version: str
    lineage: Chain

    @cached_property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """That every answer carries."""
        values = {"model": quote(self.name), "version": quote(self.version), "lineage": str(self.lineage.digest)}
        return [(f"x-tatara-{name}".encode(), value.encode()) for name, value in values.items()]

    @cached_property
    def json(self) -> bytes:
        """Name and version, as answers name them."""
        return canonical_json({"name": self.name, "version": self.version}).encode()


@dataclass(frozen=True)
class Opened:
    """One example: its size, the windows that an image is answered in, and what the next step needs of it.

    Attributes:
        size: height and width in pixels; of a sound, samples and 1.
        windows: that it is answered in.
        prepared: the model's input, where there is one window only.
        pixels: what was decoded; empty where it is not needed again.
    """

    size: tuple[int, int]
    windows: list[Window]
    prepared: NDArray[np.float32] | None
    pixels: NDArray[Any]


def load(pin: Pin, settings: Settings) -> tuple[Runtime, Identity]:
    """Verify the model folder's seal, and its signature where the environment or its policy asks for one; load it.

    Raises:
        RefusedError: unsigned or altered, or the policy asks for a signature and no key is named.
        TataraError: a file is missing, changed or cannot be loaded, int8 was asked for and not made, or the GPU was
            demanded and is not used.
    """
    verify_seal(pin.folder, pin.manifest, beside=STORED_BESIDE)
    release = read_json(pin.folder / "release.json")
    if key := key_for(release):
        require_signed(pin.folder, key)
    identity = Identity(str(release["name"]), str(release["version"]), read_chain(pin.folder / "lineage.json"))
    if settings.int8 and not (pin.folder / INT8).exists():
        model = f"{identity.name}/{identity.version}"
        raise RefusedError(f"int8=true, but {model} has no int8 graph; train and convert with int8=true to make one")
    graph = INT8 if settings.int8 else "model.onnx"
    if settings.gpu:
        engines = Path(settings.tensorrt) if settings.tensorrt else None
        gpu = Gpu(settings.gpu_device, settings.gpu_memory, engines, settings.max_batch)
        return Runtime(pin.folder, gpu, model_file=graph), identity
    twice = settings.alone and (pin.folder / graph).stat().st_size <= MOST_TWICE
    alone = min(settings.threads, cores()) if twice else 0
    return Runtime(pin.folder, threads=1, model_file=graph, alone=alone), identity


class Engine:
    """Answers from file bytes. `start` loads and proves it; until then `refusal` says why it is not ready.

    On a CPU where batches bring nothing, an image goes through in one thread from its bytes to its answer, one image a
    core; elsewhere its preparation overlaps with other images' inference, which goes in batches.
    """

    def __init__(self, pin: Pin, settings: Settings) -> None:
        self.pin, self.settings = pin, settings
        self.refusal: str | None = "the model is being loaded"
        self.identity: Identity | None = None
        self.stopped = False
        self.graph = INT8 if settings.int8 else "model.onnx"
        self._pool = Workers(settings.threads, "image")
        self._room = asyncio.Semaphore(settings.max_batch * (settings.threads + 1))
        self._batcher: Batcher | None = None
        self._working = self._opening = 0

    async def start(self) -> None:
        """Load, then hold the golden cases to TensorFlow's answers. Never raises: `refusal` keeps the reason."""
        try:
            self.runtime, identity = await asyncio.to_thread(load, self.pin, self.settings)
            self.identity = identity
            await asyncio.to_thread(self._choose)
            self.refusal = "the golden cases are being asked"
            await self._prove()
        except Exception as error:
            self.refusal = " ".join(str(error).split()) or type(error).__name__
            logger.error("not ready: %s", self.refusal)
            return
        self.refusal = None
        metrics.READY.set(1)
        logger.info("ready: %s version %s", identity.name, identity.version)

    def stop(self) -> None:
        """End the threads."""
        self.stopped = True
        self._pool.close()
        if self._batcher is not None:
            self._batcher.close()

    async def answers(
        self, contents: Sequence[Example], options: Any, write: Callable[[Any], Any] = lambda answer: answer
    ) -> list[Any]:
        """The kind's typed answer to each file, in order; for one that cannot be answered, the reason instead.

        Args:
            contents: the examples.
            options: of the request.
            write: what to make of an answer in the thread that made it, such as its JSON.
        """

        def answer(finished: Finished, image: Opened) -> Any:
            return write(self.runtime.kind.answer(self.runtime.contract, finished, options, image.size))

        if len(contents) == 1:
            try:
                return [await self._ask(contents[0], answer, options)]
            except Exception as error:
                return [error]
        asked = (self._ask(content, answer, options) for content in contents)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def finished(self, contents: Sequence[Example]) -> list[Any]:
        """The finished answer to each example, tensors by name; for one that cannot be answered, the reason instead."""
        asked = (self._ask(content, lambda finished, _: finished) for content in contents)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def picture(self, content: Example, options: Any) -> bytes:
        """One image with its answer drawn, as a PNG file.

        Raises:
            DecodeError: not a readable image.
            BoundError: a bound of the contract is broken.
        """
        contract, kind = self.runtime.contract, self.runtime.kind

        def draw(finished: Finished, image: Opened) -> bytes:
            found = kind.answer(contract, finished, options, image.size)
            shown = self.runtime.modality.pictured(image.pixels, contract.preparation)
            return png(kind.overlay(shown, found, contract.labels))

        return await self._ask(content, draw, options, keep=True)

    async def _ask(
        self, content: Example, use: Callable[[Finished, Opened], T], options: Any = None, keep: bool = False
    ) -> T:
        """What ``use`` makes of the finished answer. It runs where that is made: large answers never wait for it.

        Args:
            content: the example.
            use: of the finished answer.
            options: what of the answer is needed; all by default.
            keep: the pixels, for ``use``.
        """
        async with self._room:
            self._working += 1
            try:
                if self._batcher is None and self.runtime.contract.tiling is None:
                    return await self._in_pool(self._through, content, use, options, keep, self._working == 1)
                return await self._step_by_step(content, use, options, keep)
            finally:
                self._working -= 1

    def _through(
        self, content: Example, use: Callable[[Finished, Opened], T], options: Any, keep: bool, alone: bool
    ) -> T:
        image = self._open(content, keep)
        assert image.prepared is not None
        return self._finish(self._infer(image.prepared, alone), image, use, options)

    async def _step_by_step(
        self, content: Example, use: Callable[[Finished, Opened], T], options: Any, keep: bool
    ) -> T:
        self._opening += 1
        try:
            image = await self._in_pool(self._open, content, keep)
        finally:
            self._opening -= 1
        if image.prepared is None:
            parts = await self._parts(image.pixels, image.windows)
            whole = await self._in_pool(merged, self.runtime.kind, parts, image.windows)
            return await self._in_pool(use, whole, image)
        return await self._in_pool(self._finish, await self._outputs(image.prepared), image, use, options)

    def _open(self, content: Example, keep: bool) -> Opened:
        with step("decode", metrics.DECODE):
            return self._opened(content, keep)

    def _opened(self, content: Example, keep: bool) -> Opened:
        if isinstance(content, np.ndarray) and content.dtype == np.float32:
            size = (content.shape[0], content.shape[1])
            return Opened(size, [(0, 0, *size)], content, np.empty((0, *content.shape[1:]), np.uint8))
        if isinstance(content, np.ndarray):
            pixels = self.runtime.admit_pixels(content)
        else:
            pixels = self.runtime.admit(content, self.settings.max_pixels)
        size = (pixels.shape[0], pixels.shape[1])
        cut = windows(*size, self.runtime.contract.tiling)
        if len(cut) > 1:
            return Opened(size, cut, None, pixels)
        return Opened(size, cut, self.runtime.prepare(pixels), pixels if keep else pixels[:0].copy())

    async def _outputs(self, prepared: NDArray[np.float32]) -> Outputs:
        if self._batcher is None:
            return await self._in_pool(self._infer, prepared, False)
        began = time.time_ns()
        outputs = await asyncio.wrap_future(self._batcher.submit(prepared))
        passed("batch", began)
        return outputs

    def _infer(self, prepared: NDArray[np.float32], alone: bool) -> Outputs:
        with step("inference", metrics.INFERENCE):
            outputs = self.runtime.infer(prepared[None], alone)
        metrics.BATCH.observe(1)
        return {name: values[0] for name, values in outputs.items()}

    def _finish(self, outputs: Outputs, image: Opened, use: Callable[[Finished, Opened], T], options: Any) -> T:
        with step("postprocessing", metrics.POSTPROCESSING):
            return use(self.runtime.finish(outputs, image.size, options), image)

    async def _parts(self, pixels: NDArray[np.uint8], cut: Sequence[Window]) -> list[Finished]:
        """The finished answer to each window, a few windows at a time."""
        parts: list[Finished] = []
        for start in range(0, len(cut), self.settings.max_batch):
            some = cut[start : start + self.settings.max_batch]
            parts += await asyncio.gather(*(self._part(pixels, window) for window in some))
        return parts

    async def _part(self, pixels: NDArray[np.uint8], window: Window) -> Finished:
        top, left, bottom, right = window
        prepared = await self._in_pool(lambda: self.runtime.prepare(window_of(pixels, window)))
        return await self._in_pool(self.runtime.finish, await self._outputs(prepared), (bottom - top, right - left))

    async def _in_pool(self, function: Callable[..., T], *values: Any) -> T:
        def timed() -> T:
            passed("queue", asked, metrics.QUEUE)
            return function(*values)

        asked = time.time_ns()
        context = copy_context()  # whose request it is
        return await self._pool.run(context.run, timed)

    def _choose(self) -> None:
        """Make batches where they cost less by example, and use all cores for one where that is faster, as measured."""
        gpu, most = self.settings.gpu, self.settings.max_batch
        shape = self.runtime.prepared_shape
        example = np.random.default_rng(0).standard_normal(shape, np.float32)
        clock = time.perf_counter if gpu else time.thread_time  # on the CPU all work is done in the calling thread
        costs = measured(self.runtime.infer, example, most if gpu else min(most, self.runtime.at_once), clock)
        size = best_size(costs)
        said = ", ".join(f"{cost * 1e3:.2f} ms for {count}" for count, cost in costs.items())
        logger.info("batches of up to %d: a call takes %s", size, said)
        if self.runtime.has_alone and not _pays(self.runtime, example[None]):
            self.runtime.drop_alone()
            logger.info("a call with all cores to itself is hardly faster: every call is by one thread")
        if gpu or size > 1:
            threads = 1 if gpu else min(self.settings.threads, cores())
            self._batcher = Batcher(
                self.runtime.infer, threads, size, LINGER * costs[1], lambda: self._opening, _observe_batch
            )

    async def _prove(self) -> None:
        folder = self.pin.folder / "golden"
        golden = read_json(folder / "cases.json")
        tolerances = golden["int8_tolerances" if self.settings.int8 else "tolerances"]
        if not golden["cases"]:
            raise RefusedError("golden/cases.json has no case; package the model again")
        apart = []
        for case in golden["cases"]:
            try:
                apart.append(await self._apart(folder, case))
            except (DecodeError, BoundError) as error:
                raise RefusedError(f"golden case {case['file']} is not answered: {error}") from None
        for position, name, value in beyond(self.runtime.kind, tolerances, apart):
            raise RefusedError(
                f"golden case {golden['cases'][position]['file']}: {name} differs from TensorFlow's answer by "
                f"{value:.2g}, at most {tolerances[name]:g} is allowed; package the model again"
            )

    async def _apart(self, folder: Path, case: dict[str, str]) -> dict[str, float]:
        """How far the answer to a golden case lies from TensorFlow's."""
        with np.load(folder / case["answer"], allow_pickle=False) as archive:
            expected = dict(archive)
        found: dict[str, float] = await self._ask(
            (folder / case["file"]).read_bytes(), lambda finished, _: self.runtime.kind.differences(expected, finished)
        )
        return found


def _pays(runtime: Runtime, batch: NDArray[np.float32]) -> bool:
    """Whether a call that has every core is so much faster that its second session is worth its memory."""
    least = {False: math.inf, True: math.inf}
    for _ in range(TRIED):
        for alone in least:
            began = time.perf_counter()
            runtime.infer(batch, alone)
            least[alone] = min(least[alone], time.perf_counter() - began)
    return least[True] <= WORTH * least[False]


def _observe_batch(waited: list[float], took: float) -> None:
    metrics.BATCH.observe(len(waited))
    metrics.INFERENCE.observe(took)
    for seconds in waited:
        metrics.QUEUE.observe(seconds)
