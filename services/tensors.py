"""Arrays in and out by content type: npy, npz and raw tensors. Nothing here can run code that a body holds."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.errors import RequestError
from services.settings import Settings
from tatara.core.contract import Contract, Finished
from tatara.core.runtime import Runtime

NPY, NPZ, RAW = "application/x-npy", "application/x-npz", "application/x-tensor"
"""A raw tensor's dtype and shape stand in its type: ``application/x-tensor; dtype=uint8; shape=2,480,640,3``."""
DTYPES = ("uint8", "float32")
MOST_AXES = 4


def read_array(content: bytes, content_type: str) -> NDArray[Any]:
    """The array in a body of content type `NPY` or `RAW`, without a copy.

    Raises:
        RequestError: not such an array, of another dtype, or of other length than its shape says.
    """
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() == NPY:
        return _read_npy(content)
    given = dict(re.findall(r"(\w+)\s*=\s*\"?([^\s;\"]+)", rest.lower()))
    return view(content, given.get("dtype", ""), _shape(given.get("shape", "")))


def view(content: bytes, dtype: str, shape: Sequence[int], fortran: bool = False) -> NDArray[Any]:
    """Little-endian bytes as an array.

    Raises:
        RequestError: another dtype than `DTYPES`, or of other length than ``shape`` says.
    """
    if dtype not in DTYPES:
        raise RequestError(422, "dtype", f"dtype {dtype[:40]!r}; send {' or '.join(DTYPES)}, little-endian")
    if len(shape) > MOST_AXES or any(length < 0 for length in shape):
        raise RequestError(422, "shape", f"shape {list(shape)[:8]}; at most {MOST_AXES} lengths, none below 0")
    wanted = math.prod(shape) * np.dtype(dtype).itemsize
    if wanted != len(content):
        raise RequestError(422, "shape", f"{dtype} {list(shape)} is {wanted:,} bytes, {len(content):,} were sent")
    flat = np.frombuffer(content, np.dtype(dtype).newbyteorder("<"))
    return np.ascontiguousarray(flat.reshape(shape, order="F" if fortran else "C"), np.dtype(dtype))


def _read_npy(content: bytes) -> NDArray[Any]:
    """NumPy's own reader makes room for what a header claims before it looks; here the length is held to it first."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version[0]}.{version[1]}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception as error:  # the header is parsed as Python literals, which fail in many ways
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise RequestError(400, "npy", f"not an npy file: {reason}") from None
    if dtype.hasobject:
        raise RequestError(422, "dtype", "the npy file holds Python objects, which are never read; send numbers")
    name = dtype.name if dtype.newbyteorder("<") == dtype else str(dtype)
    return view(content[stream.tell() :], name, shape, fortran)


def _shape(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text):
        raise RequestError(
            422,
            "shape",
            f"shape {text[:40]!r}; give {RAW}; dtype=uint8; shape=HEIGHT,WIDTH,3, lengths parted by commas",
        )
    return tuple(int(part) for part in text.split(","))


def examples(array: NDArray[Any], runtime: Runtime, settings: Settings) -> list[NDArray[Any]]:
    """The rows of an array: pixels ``uint8 (rows, height, width, 3)`` or prepared ``float32 (rows, *prepared)``.

    Args:
        array: with or without the axis of rows.
        runtime: of the model, whose prepared shape counts; pixels are taken of images alone.
        settings: with the limits on rows and pixels.

    Raises:
        RequestError: another shape, too many rows or pixels, or a number that is not finite.
    """
    pixels, prepared = array.dtype == np.uint8, runtime.prepared_shape
    if pixels and np.uint8 != runtime.modality.DTYPE:
        raise RequestError(422, "dtype", f"uint8; this model takes {runtime.modality.INPUT} files, or prepared float32")
    axes = 4 if pixels else 1 + len(prepared)
    rows = array if array.ndim == axes else array[None] if array.ndim == axes - 1 else np.empty((0, 0), array.dtype)
    fits = rows.ndim == axes and (rows.shape[3] == 3 if pixels else rows.shape[1:] == prepared) and rows.size > 0
    if not fits:
        wanted = "[rows, height, width, 3]" if pixels else f"[rows, {', '.join(map(str, prepared))}]"
        raise RequestError(422, "shape", f"{array.dtype} {list(array.shape)}; {array.dtype} {wanted} is taken")
    if len(rows) > settings.max_rows:
        raise RequestError(413, "max_rows", f"{len(rows)} rows, at most {settings.max_rows} are taken at once")
    if rows.shape[1] * rows.shape[2] > settings.max_pixels:
        size = f"{rows.shape[2]} x {rows.shape[1]}"
        raise RequestError(413, "max_pixels", f"{size} pixels, at most {settings.max_pixels:,} in all are read")
    if not pixels and not bool(np.isfinite(rows).all()):
        raise RequestError(
            422, "finite", f"the tensor holds numbers that are not finite; no {runtime.modality.INPUT} gives them"
        )
    return list(rows)


def stacked(rows: Sequence[Finished], contract: Contract, settings: Settings) -> dict[str, NDArray[Any]]:
    """Finished answers as one tensor by name, rows first; where one has fewer objects than another, zeros follow them.

    Raises:
        RequestError: they are too large (413), of several shapes, or hold a number that is not finite (422).
    """
    numbers = sum(math.prod(value.shape) for row in rows for value in row.values())
    if numbers > settings.max_answer:  # masks are kept as run lengths: of this size they never were
        most = settings.max_answer
        raise RequestError(413, "max_answer", f"tensors of {numbers:,} numbers, at most {most:,} are sent at once")
    found: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        values = [np.asarray(row[name]) for row in rows]
        if isinstance(contract.finished.get(name, ("",))[0], int):
            values = _padded(values)
        if len({value.shape for value in values}) > 1:
            raise RequestError(
                422, "shape", f"{name} has another shape for each image; send images of one size, or one at a time"
            )
        found[name] = np.stack(values)
        if found[name].dtype.kind == "f" and not bool(np.isfinite(found[name]).all()):
            raise RequestError(422, "finite", f"{name} is not finite: the model has no answer to such numbers")
    return found


def _padded(values: list[NDArray[Any]]) -> list[NDArray[Any]]:
    most = max(len(value) for value in values)
    return [np.pad(value, [(0, most - len(value)), *[(0, 0)] * (value.ndim - 1)]) for value in values]


def written(tensors: Mapping[str, NDArray[Any]], media_type: str) -> tuple[bytes, str]:
    """Tensors as a body, and its content type.

    Raises:
        RequestError: several tensors, where the type holds one (406).
    """
    stream = io.BytesIO()
    if media_type == NPZ:
        np.savez(stream, allow_pickle=False, **tensors)
        return stream.getvalue(), NPZ
    if len(tensors) > 1:
        raise RequestError(406, "accept", f"the answer has {', '.join(tensors)}; accept {NPZ}")
    (array,) = tensors.values()
    if media_type == RAW:
        shape = ",".join(map(str, array.shape))
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        return content, f"{RAW}; dtype={array.dtype.name}; shape={shape}"
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue(), NPY


def accepted(header: str) -> str | None:
    """Which of the binary forms the client asks for by ``Accept``; None where it takes JSON as well or says nothing."""
    for one in header.lower().split(","):
        kind = one.partition(";")[0].strip()
        if kind in (NPY, NPZ, RAW):
            return kind
        if kind in ("application/json", "application/*", "*/*"):
            return None
    return None
