"""Tensors of the Open Inference Protocol v2 over HTTP: in JSON, and in the binary tensor extension.

Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md, and Triton's
binary tensor data extension, which its public client speaks.
"""

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.errors import RequestError
from services.limits import read_json
from services.settings import Settings
from services.tensors import view
from tatara.core.files import canonical_json

HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header with the bytes of JSON at the beginning of a body; binary tensors follow it."""
DATATYPES = {
    "float32": "FP32", "float64": "FP64", "float16": "FP16", "uint8": "UINT8", "int8": "INT8", "int32": "INT32",
    "int64": "INT64", "bool": "BOOL",
}  # fmt: skip
JSON_SHARE = 16
"""The part of an answer's limit that may be numbers in JSON: each takes some twenty bytes, and as many as an object."""
READ = {"UINT8": "uint8", "FP32": "float32"}
Parameters = dict[str, str | int | float | bool]


class _Open(BaseModel):
    """The protocol lets clients send more than it names."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class InputTensor(_Open):
    """One tensor of a request."""

    name: str
    shape: list[int] = Field(max_length=4)
    datatype: str
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class OutputTensor(_Open):
    """One tensor that is asked for."""

    name: str
    parameters: dict[str, Any] = {}


class InferenceRequest(_Open):
    """The JSON of a request."""

    id: str | None = None
    parameters: dict[str, Any] = {}
    inputs: list[InputTensor] = Field(min_length=1, max_length=8)
    outputs: list[OutputTensor] = Field([], max_length=64)


@dataclass(frozen=True)
class Inference:
    """A request, and the bytes of those of its inputs that are binary, by name."""

    request: InferenceRequest
    binary: Mapping[str, bytes]


def read_inference(content: bytes, header_length: str | None, settings: Settings) -> Inference:
    """Parse a body.

    Args:
        content: of the request.
        header_length: of `HEADER_LENGTH`, None where the body is JSON alone.
        settings: with the limits on JSON.

    Raises:
        RequestError: not such a request.
    """
    length = len(content)
    if header_length is not None:
        length = int(header_length) if header_length.isdigit() and len(header_length) < 10 else -1
        if not 0 <= length <= len(content):
            raise RequestError(400, "header_length", f"{HEADER_LENGTH}: {header_length[:40]} of {len(content)} bytes")
    try:
        request = InferenceRequest.model_validate(read_json(content[:length], settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise RequestError(400, "request", f"{where[:80]}: {first['msg'][:200]}") from None
    return Inference(request, _binary(request, content[length:]))


def _binary(request: InferenceRequest, rest: bytes) -> dict[str, bytes]:
    found, at = {}, 0
    for tensor in request.inputs:
        if (size := tensor.parameters.get("binary_data_size")) is None:
            continue
        if type(size) is not int or not 0 <= size <= len(rest) - at or tensor.data is not None:
            raise RequestError(
                400, "binary_data_size", f"input {tensor.name[:40]}: {str(size)[:40]} bytes are not there"
            )
        found[tensor.name] = rest[at : at + size]
        at += size
    if at != len(rest):
        raise RequestError(400, "binary_data_size", f"{len(rest) - at} bytes after the last binary tensor")
    return found


def array_of(tensor: InputTensor, binary: bytes | None) -> NDArray[Any]:
    """A tensor of numbers.

    Raises:
        RequestError: another datatype than UINT8 and FP32, or values that do not fit its shape.
    """
    dtype = READ[tensor.datatype]
    if binary is not None:
        return view(binary, dtype, tensor.shape)
    flat = list(_flat(_data(tensor)))
    if any(length < 0 for length in tensor.shape) or math.prod(tensor.shape) != len(flat):
        raise _misshapen(tensor, len(flat))
    number = int if dtype == "uint8" else (int, float)
    if any(not isinstance(value, number) or isinstance(value, bool) for value in flat):
        raise RequestError(400, "data", f"input {tensor.name[:40]}: {tensor.datatype} takes numbers alone")
    try:
        return np.array(flat, dtype).reshape(tensor.shape)
    except (OverflowError, ValueError) as error:
        raise RequestError(400, "data", f"input {tensor.name[:40]}: {str(error)[:100]}") from None


def files_of(tensor: InputTensor, binary: bytes | None) -> list[bytes]:
    """A tensor of datatype BYTES, files: binary with the length before each (4 bytes, little-endian), or in base64.

    Raises:
        RequestError: it is not, or of another number than its shape says.
    """
    files = _texts(tensor) if binary is None else _lengths(tensor, binary)
    if math.prod(tensor.shape) != len(files) or any(length < 0 for length in tensor.shape):
        raise _misshapen(tensor, len(files))
    return files


def _texts(tensor: InputTensor) -> list[bytes]:
    try:
        return [base64.b64decode(text, validate=True) for text in _flat(_data(tensor))]
    except (binascii.Error, TypeError, ValueError):
        raise RequestError(400, "data", f"input {tensor.name[:40]}: BYTES in JSON are files in base64") from None


def _lengths(tensor: InputTensor, binary: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(binary):
        length = struct.unpack_from("<I", binary, at)[0] if len(binary) - at >= 4 else len(binary)
        if length > len(binary) - at - 4:
            raise RequestError(400, "data", f"input {tensor.name[:40]}: BYTES end within an element")
        found.append(binary[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _data(tensor: InputTensor) -> list[Any]:
    if tensor.data is None:
        raise RequestError(400, "data", f"input {tensor.name[:40]} has no data")
    return tensor.data


def _flat(values: Sequence[Any]) -> "list[Any]":
    """Nested or flat lists, which may both stand in JSON, as one."""
    while values and isinstance(values[0], list):
        if not all(isinstance(value, list) for value in values):
            raise RequestError(400, "data", "data mixes lists and values")
        values = [one for value in values for one in value]
    return list(values)


def _misshapen(tensor: InputTensor, count: int) -> RequestError:
    return RequestError(400, "shape", f"input {tensor.name[:40]}: shape {tensor.shape}, {count} values")


def write_inference(
    head: dict[str, Any], outputs: Mapping[str, NDArray[Any]], request: InferenceRequest, settings: Settings
) -> tuple[bytes, int | None]:
    """The body of an answer, and how much of it is JSON where binary tensors follow.

    Args:
        head: model, version and id.
        outputs: by name, rows first.
        request: says which are wanted, and which of these are binary.
        settings: with the limit on answers.

    Raises:
        RequestError: an output that the model has not (400), or too many numbers in JSON (413).
    """
    default = request.parameters.get("binary_data_output") is True
    wanted = {one.name: one.parameters.get("binary_data", default) is True for one in request.outputs}
    if unknown := [name for name in wanted if name not in outputs]:
        raise RequestError(400, "outputs", f"no output {unknown[0][:40]!r}; outputs: {', '.join(outputs)}")
    described, parts = [], []
    for name, binary in (wanted or dict.fromkeys(outputs, default)).items():
        value = outputs[name]
        one: dict[str, Any] = {"name": name, "shape": list(value.shape), "datatype": DATATYPES[value.dtype.name]}
        if binary:
            parts.append(np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes())
            one["parameters"] = {"binary_data_size": len(parts[-1])}
        elif value.size > (most := settings.max_answer // JSON_SHARE):
            message = f"{name} has {value.size:,} numbers, at most {most:,} are written in JSON; ask for binary_data"
            raise RequestError(413, "max_answer", message)
        else:
            one["data"] = value.ravel().tolist()
        described.append(one)
    said = {**head, "outputs": described}
    if not parts:
        return (canonical_json(said) + "\n").encode(), None
    text = json.dumps(said, separators=(",", ":")).encode()
    return b"".join((text, *parts)), len(text)
