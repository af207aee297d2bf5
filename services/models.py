"""The models of one server: by registered name the versions that are loaded, and which of them answers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from services import metrics
from services.engine import Engine
from services.errors import RequestError
from services.rollout.deployment import Deployment


class Tried(Protocol):
    """A version that is tried beside the current one."""

    engine: Engine
    share: float

    def takes(self, key: str) -> bool:
        """Whether it answers the requests with this key."""

    def offer(self, request: str, contents: Sequence[bytes], options: Mapping[str, Any]) -> None:
        """A request that was answered, by its id: files and parameters as they came."""


class Slot:
    """One registered name. Everything is called from the event loop, so nothing is locked.

    Attributes:
        current: answers where a request names no version and ``tried`` does not take it.
        tried: a canary, which answers a share of them, or a shadow, which answers none.
        loaded: every version that can be asked, ``current`` among them, by its number once that is known.
    """

    def __init__(self, engine: Engine) -> None:
        self.current = engine
        self.tried: Tried | None = None
        self._beside: list[Engine] = []
        self._leases: dict[Engine, int] = {}

    @property
    def name(self) -> str | None:
        """Registered name, once the model is read."""
        return self.current.identity.name if self.current.identity else None

    @property
    def engines(self) -> list[Engine]:
        """Every engine that is loaded, the current one last."""
        return [*reversed(self._beside), self.current]

    @property
    def answering(self) -> list[Engine]:
        """Those that answer where a request names no version."""
        return [self.current, *([self.tried.engine] if self.tried is not None and self.tried.share else [])]

    @property
    def loaded(self) -> dict[str, Engine]:
        """Version -> engine, the current one last; where a version is loaded twice, the newer one."""
        return {engine.identity.version: engine for engine in self.engines if engine.identity is not None}

    def add(self, engine: Engine) -> None:
        """Let a started version be asked by its number."""
        self._beside.append(engine)

    def swap(self, engine: Engine) -> Engine:
        """Let ``engine`` answer what comes from now on; requests that have begun end with the one that they began with.

        Returns:
            The one that answered until now. It stays loaded until `retire`.
        """
        before = self.current
        if engine is not before:
            self._beside = [before, *(one for one in self._beside if one is not engine)]
            self.current = engine
        return before

    def retire(self, engine: Engine) -> None:
        """Take a version away, and end its threads when its last request is answered."""
        self._beside = [one for one in self._beside if one is not engine]
        if not self._leases.get(engine):
            engine.stop()

    @contextmanager
    def lease(self, version: str | None = None, key: str | None = None) -> Iterator[Engine]:
        """The engine that answers one request, kept alive until the request is answered.

        Args:
            version: asked for by its number.
            key: of a request that ``tried`` may take; it takes all requests of a key, or none of them.

        Raises:
            RequestError: no such version (404), or it is not ready (503).
        """
        engine = self._find(version, key)
        if engine.refusal is not None:
            raise RequestError(503, "ready", f"not ready: {engine.refusal}")
        with self.hold(engine):
            yield engine

    @contextmanager
    def hold(self, engine: Engine) -> Iterator[None]:
        """Keep an engine alive for a while, also where it is retired meanwhile."""
        self._leases[engine] = self._leases.get(engine, 0) + 1
        try:
            yield
        finally:
            self._leases[engine] -= 1
            if not self._leases[engine]:
                del self._leases[engine]
                if engine is not self.current and engine not in self._beside:
                    engine.stop()

    def _find(self, version: str | None, key: str | None) -> Engine:
        if version is None and key is not None and self.tried is not None and self.tried.takes(key):
            return self.tried.engine
        if version is None:
            return self.current
        try:
            return self.loaded[version]
        except KeyError:
            here = ", ".join(self.loaded) or "none yet"
            raise RequestError(404, "version", f"{self.name} has no version {version} here; loaded: {here}") from None


class Models:
    """Every slot of this server; the first one answers where a request names no model.

    Args:
        engines: the first of every slot.
        deployments: that the slots follow, in the same order; none where the server follows none.
    """

    def __init__(self, *engines: Engine, deployments: Sequence[Deployment] = ()) -> None:
        self.slots, self.deployments = [Slot(engine) for engine in engines], deployments

    @property
    def default(self) -> Slot:
        """Answers where a request names no model."""
        return self.slots[0]

    def named(self, name: str) -> Slot:
        """The slot of a registered name.

        Raises:
            RequestError: there is none (404).
        """
        for slot in self.slots:
            if slot.name == name:
                return slot
        here = ", ".join(slot.name for slot in self.slots if slot.name) or "none yet"
        raise RequestError(404, "model", f"no model {name} here; served: {here}")

    def count(self) -> None:
        """Let the metrics name the versions that answer now."""
        metrics.MODEL.clear()
        for engine in (one for slot in self.slots for one in slot.answering):
            if engine.refusal is None and (identity := engine.identity) is not None:
                lineage, provider = str(identity.lineage.digest), engine.runtime.providers[0]
                metrics.MODEL.labels(identity.name, identity.version, lineage, provider).set(1)

    def stop(self) -> None:
        """End every engine's threads."""
        for slot in self.slots:
            for engine in dict.fromkeys(slot.engines):
                engine.stop()
