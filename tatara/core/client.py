"""Ask a model from a notebook or a script: over HTTP, or from a model folder on this machine."""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from tatara.core.contract import Contract
from tatara.core.errors import BoundError, DecodeError, PixelsError, RefusedError, SamplesError, TataraError, UsageError
from tatara.core.kinds import kind_module
from tatara.core.lineage import Chain
from tatara.core.options import OptionError

if TYPE_CHECKING:
    import httpx
    from numpy.typing import NDArray


File = str | Path | bytes
NOBODY = ("", "", "")
FileErrors = (DecodeError, BoundError)
"""What is wrong with one file, while others may be answered."""


class Client:
    """A served model.

    >>> with Client("http://127.0.0.1:3000") as digits:  # doctest: +SKIP
    ...     digits.predict(["seven.png"])[0].label
    '7'

    Args:
        url: of the service.
        seconds: to wait for an answer.
        api_key: where the service asks for one; that in ``TATARA_API_KEY`` by default, if any.
        certificate: PEM file of who signed the service's, where no public authority did.
    """

    def __init__(
        self, url: str, seconds: float = 60.0, api_key: str | None = None, certificate: Path | None = None
    ) -> None:
        import os
        import ssl

        import httpx

        self.url = url.rstrip("/")
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise UsageError(f"{url!r} is not the address of a service; give one such as http://127.0.0.1:3000")
        local = urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")
        key = api_key or os.environ.get("TATARA_API_KEY", "")
        self._http = httpx.Client(
            timeout=seconds,
            trust_env=not local,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            verify=True if certificate is None else ssl.create_default_context(cafile=certificate),
        )
        self._model = NOBODY
        self._contract: Contract | None = None

    def predict(self, files: Iterable[File], **options: Any) -> list[Any]:
        """One answer for each file (a path, or a file's bytes), in order.

        Args:
            files: to answer.
            options: by the names of the kind's ``Options``, such as ``top=3``, ``score=0.3``, ``classes=["cat"]``.

        Returns:
            ``Answer`` of the module of the model's kind in `tatara.core.kinds`.

        Raises:
            UsageError: no file, or one that is not there, or an option that the kind does not take.
            DecodeError: a file is not a readable image or sound; the message names it.
            BoundError: a file breaks a bound of the model's contract.
            TataraError: the service cannot be reached, is not ready, or refused for another reason.
        """
        return self._predict(list(map(_part, files, count(1))), options)

    def predict_each(self, files: Iterable[File], **options: Any) -> Iterator[Any]:
        """As `predict`, a request for each file; for a file that cannot be answered, its error instead of an answer."""
        for file, position in zip(files, count(1), strict=False):
            try:
                (answer,) = self._predict([_part(file, position)], options)
                yield answer
            except (*FileErrors, FileError) as error:
                yield error

    def render(self, file: File, **options: Any) -> bytes:
        """The example with its answer drawn, as a PNG file; options and errors as in `predict`."""
        parts = [("files", _part(file, 1))]
        return bytes(self._request("POST", "/render", params=_texts(options), files=parts).content)

    @property
    def contract(self) -> Contract:
        """What the model takes and gives."""
        if self._contract is None:
            self._contract = Contract.model_validate(self._ask("GET", "/model")["contract"])
        return self._contract

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

    def _predict(self, parts: list[tuple[str, bytes]], options: dict[str, Any]) -> list[Any]:
        if not parts:
            raise UsageError("no file to predict; give at least one")
        kind = kind_module(self.contract.kind)
        files = [("files", part) for part in parts]
        answers = self._ask("POST", "/predict", params=_texts(options), files=files)["answers"]
        return [kind.Answer.model_validate(answer) for answer in answers]

    def _identity(self) -> tuple[str, str, str]:
        if self._model == NOBODY:
            self._ask("GET", "/readyz")
        return self._model

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self._request(method, path, **request)
        try:
            return answer.json()
        except ValueError:
            raise _stranger(self.url) from None

    def _request(self, method: str, path: str, **request: Any) -> "httpx.Response":
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
        except KeyError:
            raise _stranger(self.url) from None
        self._model = (name, version, lineage)
        return answer


class Local:
    """A model folder on this machine, asked through the same runtime as the service.

    Args:
        folder: the model folder.
        graph: of the batch model.

    Raises:
        TataraError: it cannot be loaded, or was changed.
    """

    def __init__(self, folder: Path, graph: str = "model.onnx") -> None:
        from tatara.core.manifest import verify_seal
        from tatara.core.runtime import Runtime

        verify_seal(folder, beside=("model.yaml",))
        self._runtime: Runtime = Runtime(folder, model_file=graph)

    @property
    def contract(self) -> Contract:
        """What the model takes and gives."""
        return self._runtime.contract

    def predict(self, files: Iterable[File], **options: Any) -> list[Any]:
        """As `Client.predict`, with its errors."""
        answers = []
        for answer in self.predict_each(files, **options):
            if isinstance(answer, TataraError):
                raise answer
            answers.append(answer)
        if not answers:
            raise UsageError("no file to predict; give at least one")
        return answers

    def predict_each(self, files: Iterable[File], **options: Any) -> Iterator[Any]:
        """As `Client.predict_each`."""
        from tatara.core.options import read_options

        typed = read_options(self._runtime.kind, self.contract, options)
        for file, position in zip(files, count(1), strict=False):
            try:
                name, content = _part(file, position)
                pixels = self._admit(name, content)
            except (*FileErrors, FileError) as error:
                yield error
                continue
            (finished,) = self._runtime.answer([pixels])
            yield self._runtime.kind.answer(self.contract, finished, typed, pixels.shape[:2])

    def _admit(self, name: str, content: bytes) -> "NDArray[Any]":
        try:
            return self._runtime.admit(content)
        except BoundError as error:
            raise BoundError(error.rule, f"{name}: {error}") from None
        except DecodeError as error:
            raise DecodeError(f"{name}: {error}") from None


def predict_local(folder: Path, files: Iterable[File], **options: Any) -> list[Any]:
    """Answers from a model folder on this machine: `Local.predict`."""
    return Local(folder).predict(files, **options)


class FileError(UsageError):
    """A file is not there, or cannot be opened."""


def _part(file: File, position: int) -> tuple[str, bytes]:
    """The name to call a file by, and its bytes."""
    if isinstance(file, bytes):
        return f"file {position}", file
    try:
        return str(file), Path(file).read_bytes()
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}; give the path of an image or sound") from None


def _texts(options: dict[str, Any]) -> dict[str, Any]:
    """Options as query parameters: several values of one as the parameter several times."""
    return {name: list(value) if isinstance(value, list | tuple) else value for name, value in options.items()}


def _stranger(url: str) -> TataraError:
    return TataraError(f"{url} answers, but is not a Tatara service; check the address")


def _refusal(answer: "httpx.Response", url: str) -> TataraError:
    try:
        body = answer.json()
        message, rule = str(body["error"]), str(body["rule"])
    except (ValueError, KeyError, TypeError):
        return TataraError(f"{url} refused with HTTP {answer.status_code} and gave no reason; is it a Tatara service?")
    if rule == "decode":
        return DecodeError(message)
    if large := {PixelsError.rule: PixelsError, SamplesError.rule: SamplesError}.get(rule):
        return large(message)
    if rule == "max_body" or (answer.status_code == 422 and "file" in body):
        return BoundError(rule, message)
    if answer.status_code == 422 and rule != "field":
        return OptionError(rule, message)
    return TataraError(message)
