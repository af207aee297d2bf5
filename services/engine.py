"""The model behind the door: verified, loaded, proven on its golden cases, then asked in batches."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services import metrics
from services.batching import Batcher, Outputs
from services.settings import Pin, Settings
from tatara.core.errors import RefusedError
from tatara.core.files import read_json
from tatara.core.lineage import Chain, read_chain
from tatara.core.manifest import verify_seal
from tatara.core.runtime import Runtime

STORED_BESIDE = ("model.yaml",)
"""What BentoML's model store adds to a model folder."""

logger = logging.getLogger("tatara.service")


@dataclass(frozen=True)
class Identity:
    """Who answers: the registered name and version, and the digest of the chain that led to them."""

    name: str
    version: str
    lineage: Chain


def load(pin: Pin, settings: Settings) -> tuple[Runtime, Identity]:
    """Verify the model folder's seal, then load it.

    Raises:
        TataraError: a file is missing, changed or cannot be loaded, or the GPU was demanded and is not used.
    """
    verify_seal(pin.folder, pin.manifest, beside=STORED_BESIDE)
    release = read_json(pin.folder / "release.json")
    identity = Identity(str(release["name"]), str(release["version"]), read_chain(pin.folder / "lineage.json"))
    return Runtime(pin.folder, gpu=settings.gpu, threads=0 if settings.gpu else 1), identity


class Engine:
    """Answers from file bytes. `start` loads and proves it; until then `refusal` says why it is not ready."""

    def __init__(self, pin: Pin, settings: Settings) -> None:
        self.pin, self.settings = pin, settings
        self.refusal: str | None = "the model is being loaded"
        self.identity: Identity | None = None
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="prepare")

    async def start(self) -> None:
        """Load, then hold the golden cases to TensorFlow's answers. Never raises: `refusal` keeps the reason."""
        try:
            self.runtime, identity = await asyncio.to_thread(load, self.pin, self.settings)
            threads = 1 if self.settings.gpu else self.settings.threads
            self.identity = identity
            observe = metrics.BATCH.observe
            self._batcher = Batcher(self.runtime.infer, threads, self.settings.max_batch, observe)
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
        self._pool.shutdown(cancel_futures=True)
        if hasattr(self, "_batcher"):
            self._batcher.close()

    def admit(self, content: bytes) -> NDArray[np.float32]:
        """One file's bytes -> the prepared tensor.

        Raises:
            DecodeError: not a readable image.
            BoundError: a bound of the contract is broken.
        """
        return self.runtime.prepare(self.runtime.admit(content))

    async def outputs(self, contents: Sequence[bytes]) -> list[Outputs | Exception]:
        """Outputs for each file, in order; for a file that cannot be answered, the reason instead."""
        return list(await asyncio.gather(*(self._outputs(content) for content in contents), return_exceptions=True))  # type: ignore[arg-type]

    async def answers(self, rows: Sequence[Outputs], top: int) -> list[Any]:
        """The kind's typed answers to rows of `outputs`."""
        stacked = {name: np.stack([row[name] for row in rows]) for name in self.runtime.contract.outputs}
        return list(self.runtime.kind.answers(self.runtime.contract, stacked, top))

    async def _outputs(self, content: bytes) -> Outputs:
        prepared = await asyncio.get_running_loop().run_in_executor(self._pool, self.admit, content)
        return await asyncio.wrap_future(self._batcher.submit(prepared))

    async def _prove(self) -> None:
        folder = self.pin.folder / "golden"
        golden = read_json(folder / "cases.json")
        tolerance, cases = float(golden["tolerance"]), golden["cases"]
        if not cases:
            raise RefusedError("golden/cases.json has no case; package the model again")
        rows = await self.outputs([(folder / case["file"]).read_bytes() for case in cases])
        for case, row in zip(cases, rows, strict=True):
            if isinstance(row, Exception):
                raise RefusedError(f"golden case {case['file']} is not answered: {row}")
            for name, expected in case["outputs"].items():
                difference = float(np.max(np.abs(row[name] - np.asarray(expected, np.float32))))
                if not difference <= tolerance:
                    raise RefusedError(
                        f"golden case {case['file']}: {name} differs from TensorFlow's answer by {difference:.2g}, "
                        f"at most {tolerance:g} is allowed; package the model again"
                    )
