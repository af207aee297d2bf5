"""The model behind the door: verified, loaded, proven on its golden cases, then asked in batches."""

import asyncio
import io
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from services import metrics
from services.batching import Batcher
from services.settings import Pin, Settings
from tatara.core.contract import Finished
from tatara.core.errors import BoundError, DecodeError, RefusedError
from tatara.core.files import read_json
from tatara.core.kinds import beyond
from tatara.core.lineage import Chain, read_chain
from tatara.core.manifest import verify_seal
from tatara.core.runtime import INT8, Runtime
from tatara.core.signature import require_signed, required_key
from tatara.core.tiling import Window, merged, window_of, windows

STORED_BESIDE = ("model.yaml",)
"""What BentoML's model store adds to a model folder."""

T = TypeVar("T")
logger = logging.getLogger("tatara.service")


@dataclass(frozen=True)
class Identity:
    """Who answers: the registered name and version, and the digest of the chain that led to them."""

    name: str
    version: str
    lineage: Chain


@dataclass(frozen=True)
class Opened:
    """One image: its height and width, the windows that it is answered in, and what the next step needs of it.

    Attributes:
        size: height and width in pixels.
        windows: that it is answered in.
        prepared: the model's input, where there is one window only.
        pixels: empty where they are not needed again.
    """

    size: tuple[int, int]
    windows: list[Window]
    prepared: NDArray[np.float32] | None
    pixels: NDArray[np.uint8]


def load(pin: Pin, settings: Settings) -> tuple[Runtime, Identity]:
    """Verify the model folder's seal, and its signature where ``TATARA_PUBLIC_KEY`` asks for one, then load it.

    Raises:
        TataraError: a file is missing, changed or cannot be loaded, int8 was asked for and not made, or the GPU was
            demanded and is not used.
    """
    verify_seal(pin.folder, pin.manifest, beside=STORED_BESIDE)
    if key := required_key():
        require_signed(pin.folder, key)
    release = read_json(pin.folder / "release.json")
    identity = Identity(str(release["name"]), str(release["version"]), read_chain(pin.folder / "lineage.json"))
    if settings.int8 and not (pin.folder / INT8).exists():
        model = f"{identity.name}/{identity.version}"
        raise RefusedError(f"int8=true, but {model} has no int8 graph; train and convert with int8=true to make one")
    graph = INT8 if settings.int8 else "model.onnx"
    return Runtime(pin.folder, settings.gpu, threads=0 if settings.gpu else 1, model_file=graph), identity


class Engine:
    """Answers from file bytes. `start` loads and proves it; until then `refusal` says why it is not ready."""

    def __init__(self, pin: Pin, settings: Settings) -> None:
        self.pin, self.settings = pin, settings
        self.refusal: str | None = "the model is being loaded"
        self.identity: Identity | None = None
        self.stopped = False
        self.graph = INT8 if settings.int8 else "model.onnx"
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="image")
        self._room = asyncio.Semaphore(settings.max_batch * (settings.threads + 1))

    async def start(self) -> None:
        """Load, then hold the golden cases to TensorFlow's answers. Never raises: `refusal` keeps the reason."""
        try:
            self.runtime, identity = await asyncio.to_thread(load, self.pin, self.settings)
            threads = 1 if self.settings.gpu else self.settings.threads
            self.identity = identity
            observe = metrics.BATCH.observe
            most = self.settings.max_batch if self.settings.gpu else min(self.settings.max_batch, self.runtime.at_once)
            self._batcher = Batcher(self.runtime.infer, threads, most, observe)
            self.refusal = "the golden cases are being asked"
            await self._prove()
        except Exception as error:
            self.refusal = " ".join(str(error).split()) or type(error).__name__
            logger.error("not ready: %s", self.refusal)
            return
        self.refusal = None
        metrics.READY.set(1)
        labels = (identity.name, identity.version, str(identity.lineage.digest))
        metrics.MODEL.labels(*labels).set(1)
        logger.info("ready: %s version %s", identity.name, identity.version)

    def stop(self) -> None:
        """End the threads."""
        self.stopped = True
        self._pool.shutdown(cancel_futures=True)
        if hasattr(self, "_batcher"):
            self._batcher.close()

    async def answers(self, contents: Sequence[bytes], options: Any) -> list[Any]:
        """The kind's typed answer to each file, in order; for one that cannot be answered, the reason instead."""

        def answer(finished: Finished, image: Opened) -> Any:
            return self.runtime.kind.answer(self.runtime.contract, finished, options, image.size)

        asked = (self._ask(content, answer, options) for content in contents)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def picture(self, content: bytes, options: Any) -> bytes:
        """One image with its answer drawn, as a PNG file.

        Raises:
            DecodeError: not a readable image.
            BoundError: a bound of the contract is broken.
        """
        contract, kind = self.runtime.contract, self.runtime.kind

        def draw(finished: Finished, image: Opened) -> bytes:
            found = kind.answer(contract, finished, options, image.size)
            stream = io.BytesIO()
            kind.overlay(image.pixels, found, contract.labels).save(stream, "PNG", compress_level=1)
            return stream.getvalue()

        return await self._ask(content, draw, options, keep=True)

    async def _ask(
        self, content: bytes, use: Callable[[Finished, Opened], T], options: Any = None, keep: bool = False
    ) -> T:
        """What ``use`` makes of the finished answer. It runs where that is made: large answers never wait for it.

        Args:
            content: the file's bytes.
            use: of the finished answer.
            options: what of the answer is needed; all by default.
            keep: the pixels, for ``use``.
        """
        async with self._room:
            image = await self._in_pool(self._open, content, keep)
            if image.prepared is None:
                parts = await self._parts(image.pixels, image.windows)
                whole = await self._in_pool(merged, self.runtime.kind, parts, image.windows)
                return await self._in_pool(use, whole, image)
            outputs = await asyncio.wrap_future(self._batcher.submit(image.prepared))
            return await self._in_pool(lambda: use(self.runtime.finish(outputs, image.size, options), image))

    def _open(self, content: bytes, keep: bool) -> Opened:
        pixels = self.runtime.admit(content)
        size = (pixels.shape[0], pixels.shape[1])
        cut = windows(*size, self.runtime.contract.tiling)
        if len(cut) > 1:
            return Opened(size, cut, None, pixels)
        return Opened(size, cut, self.runtime.prepare(pixels), pixels if keep else pixels[:0].copy())

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
        outputs = await asyncio.wrap_future(self._batcher.submit(prepared))
        return await self._in_pool(self.runtime.finish, outputs, (bottom - top, right - left))

    async def _in_pool(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *values)

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
