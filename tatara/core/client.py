"""Ask a model from a notebook or a script: over HTTP, or from a model folder on this machine."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from tatara.core.errors import BoundError, DecodeError, RefusedError, TataraError, UsageError
from tatara.core.kinds.classification import Answer
from tatara.core.lineage import Chain

if TYPE_CHECKING:
    import httpx

File = str | Path | bytes
NOBODY = ("", "", "")


class Client:
    """A served model.

    >>> with Client("http://127.0.0.1:3000") as digits:  # doctest: +SKIP
    ...     digits.predict(["seven.png"])[0].label
    '7'

    Args:
        url: of the service.
        seconds: to wait for an answer.
    """

    def __init__(self, url: str, seconds: float = 60.0) -> None:
        import httpx

        self.url = url.rstrip("/")
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise UsageError(f"{url!r} is not the address of a service; give one such as http://127.0.0.1:3000")
        local = urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.Client(timeout=seconds, trust_env=not local)
        self._model = NOBODY

    def predict(self, files: Iterable[File], top: int = 5) -> list[Answer]:
        """One answer for each file (a path, or a file's bytes), in order.

        Raises:
            UsageError: no file, or one that is not there.
            DecodeError: a file is not a readable image; the message names it.
            BoundError: a file breaks a bound of the model's contract.
            TataraError: the service cannot be reached, is not ready, or refused for another reason.
        """
        parts = [("files", part) for part in map(_part, files, count(1))]
        if not parts:
            raise UsageError("no file to predict; give at least one")
        answers = self._ask("POST", "/predict", params={"top": top}, files=parts)["answers"]
        return [Answer.model_validate(answer) for answer in answers]

    @property
    def model(self) -> tuple[str, str]:
        """Registered name and version of what answers."""
        name, version, _ = self._identity()
        return name, version

    @property
    def lineage(self) -> Chain:
        """The chain from the training data to the model, its digests recomputed and held to the answers' header.

        Raises:
            RefusedError: they do not hold.
        """
        chain = Chain.model_validate(self._ask("GET", "/lineage"))
        chain.verify()
        if chain.digest != (expected := self._identity()[2]):
            raise RefusedError(f"lineage: the service's chain is {chain.digest}, its answers say {expected}")
        return chain

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _identity(self) -> tuple[str, str, str]:
        if self._model == NOBODY:
            self._ask("GET", "/readyz")
        return self._model

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, self.url + path, **request)
        except httpx.HTTPError as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise TataraError(f"{self.url} does not answer ({reason}); is the service running?") from None
        if answer.is_error:
            raise _refusal(answer, self.url)
        try:
            names = ("x-tatara-model", "x-tatara-version", "x-tatara-lineage")
            name, version, lineage = (unquote(answer.headers[header]) for header in names)
            self._model = (name, version, lineage)
            return answer.json()
        except (KeyError, ValueError):
            raise TataraError(f"{self.url} answers, but is not a Tatara service; check the address") from None


def predict_local(folder: Path, files: Iterable[File], top: int = 5) -> list[Answer]:
    """Answers from a model folder on this machine, through the same runtime as the service.

    Raises:
        UsageError, DecodeError, BoundError: as `Client.predict`.
        TataraError: the model folder cannot be loaded.
    """
    import numpy as np

    from tatara.core.manifest import verify_seal
    from tatara.core.runtime import Runtime

    verify_seal(folder, beside=("model.yaml",))
    runtime = Runtime(folder)
    prepared = []
    for name, content in map(_part, files, count(1)):
        try:
            prepared.append(runtime.prepare(runtime.admit(content)))
        except BoundError as error:
            raise BoundError(error.rule, f"{name}: {error}") from None
        except DecodeError as error:
            raise DecodeError(f"{name}: {error}") from None
    if not prepared:
        raise UsageError("no file to predict; give at least one")
    found: list[Answer] = runtime.kind.answers(runtime.contract, runtime.infer(np.stack(prepared)), top)
    return found


def _part(file: File, position: int) -> tuple[str, bytes]:
    """The name to call a file by, and its bytes."""
    if isinstance(file, bytes):
        return f"file {position}", file
    try:
        return str(file), Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; give the path of an image file") from None


def _refusal(answer: "httpx.Response", url: str) -> TataraError:
    try:
        body = answer.json()
        message, rule = str(body["error"]), str(body["rule"])
    except (ValueError, KeyError, TypeError):
        return TataraError(f"{url} refused with HTTP {answer.status_code} and gave no reason; is it a Tatara service?")
    if rule == "decode":
        return DecodeError(message)
    if answer.status_code == 422 and rule not in ("field", "top"):
        return BoundError(rule, message)
    return TataraError(message)
