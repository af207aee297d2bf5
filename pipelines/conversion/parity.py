"""The proof that the ONNX graphs answer as the TensorFlow function does, on real test images."""

import importlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.conversion.reference import Reference
from pipelines.examples import Example, diverse
from tatara.core.errors import RefusedError
from tatara.core.modalities import image
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

NATIVE_TOLERANCE = 1e-5
"""On the outputs, for files as they are."""
NOISE = 8.0
"""Times TensorFlow's own distance from float64 that ONNX Runtime may lie from TensorFlow, where that is more: deep
networks amplify the rounding of float32, and two sound implementations of one differ by some times either's error."""
RESIZED_TOLERANCE = 1e-4
"""On the outputs, for resized files: the products of the resize then add up in another order at each size."""
PREPARED_TOLERANCE = 1e-5
"""On the prepared tensor, relative to its largest value."""
BATCHES = (1, 3, 8)
SCALES = {"half": (0.5, 0.5), "enlarged": (1.7, 1.7), "wide": (1.3, 0.7), "tall": (0.6, 1.5)}
"""Factors on width and height."""
OPERATIONS = 1e12
"""Floating-point operations that one pass over the examples may cost; it bounds how many are compared."""
LEAST, MOST, RESIZED, APART = 32, 1000, 8, 16


@dataclass(frozen=True)
class Check:
    """One comparison: how far apart each input's answers lie, and where the decision differs without a tie."""

    name: str
    batch: int
    tolerance: float
    paths: list[str]
    apart: NDArray[np.float64]
    decided_apart: NDArray[np.bool_]
    ties: int

    @property
    def failing(self) -> NDArray[np.intp]:
        """Positions of the inputs that differ, the worst first."""
        order = np.argsort(-self.apart, kind="stable")
        found: NDArray[np.intp] = order[(~(self.apart <= self.tolerance) | self.decided_apart)[order]]
        return found

    def record(self) -> dict[str, Any]:
        """The check's row of ``parity.json``."""
        return {
            "check": self.name, "batch": self.batch, "examples": len(self.paths), "tolerance": self.tolerance,
            "max_abs": float(self.apart.max()), "top1_equal": not self.decided_apart.any(), "ties": self.ties,
            "differing": len(self.failing),
        }  # fmt: skip


class Proof:
    """Compares ``reference`` with ``runtime`` on files of the test split.

    Args:
        reference: the TensorFlow functions.
        runtime: over the exported folder.
        examples: of the test split.
        flops: of the model, for one example.
    """

    def __init__(self, reference: Reference, runtime: Runtime, examples: Sequence[Example], flops: int) -> None:
        self.reference, self.runtime = reference, runtime
        self.kind: Any = importlib.import_module(f"pipelines.tasks.{runtime.contract.kind}.agreement")
        affordable = int(np.clip(OPERATIONS / flops, LEAST, MOST))
        self.examples = diverse(list(examples), affordable)
        self.contents = [example.read() for example in self.examples]

    def run(self) -> dict[str, Any]:
        """The content of ``parity.json``.

        Raises:
            RefusedError: inputs differ; the message says which and by how much.
        """
        paths = [example.path for example in self.examples]
        prepared = [self.reference.prepare(image.decode(content)) for content in self.contents]
        expected = self._in_batches(self.reference.infer, np.stack(prepared), max(BATCHES), "parity: TensorFlow")
        actual = self._in_batches(self._files, self.contents, max(BATCHES), "parity: ONNX Runtime")
        tolerance = self._native_tolerance(prepared, expected, actual)
        checks = [
            self._compare("files, native size", max(BATCHES), tolerance, paths, expected, actual),
            *self._model_apart(paths, prepared, expected, tolerance),
            self._prepare_apart("prepare, native size", paths, prepared, self.contents),
            *self._resized(),
        ]
        metric = self._metric(expected, actual)
        _refuse(checks)
        native = checks[0].record()
        if abs(metric["tensorflow"] - metric["onnxruntime"]) * len(paths) > native["ties"]:
            found = f"{metric['tensorflow']} in TensorFlow and {metric['onnxruntime']} in ONNX Runtime"
            raise RefusedError(f"convert: {metric['name']} is {found} on the same files; nothing was kept")
        return {
            "max_abs": max(check.record()["max_abs"] for check in checks[: 1 + len(BATCHES)]),
            "top1_equal": all(check.record()["top1_equal"] for check in checks),
            "examples": len(paths),
            "tolerance": {"native": tolerance, "resized": RESIZED_TOLERANCE, "prepared": PREPARED_TOLERANCE},
            "metric": metric,
            "checks": [check.record() for check in checks],
            "digests": {example.path: example.digest for example in self.examples},
        }

    def _files(self, contents: Any) -> dict[str, NDArray[np.float32]]:
        return self.runtime.infer_files(list(contents))

    def _metric(self, expected: Any, actual: Any) -> dict[str, Any]:
        labels, classes = [example.label for example in self.examples], self.runtime.contract.labels
        return {
            "name": self.kind.METRIC,
            "tensorflow": self.kind.metric(expected, labels, classes),
            "onnxruntime": self.kind.metric(actual, labels, classes),
        }

    def _native_tolerance(self, prepared: list[Any], expected: Any, actual: Any) -> float:
        """`NATIVE_TOLERANCE`, or `NOISE` where outputs lie further apart than that; never over `RESIZED_TOLERANCE`."""
        apart = self.kind.differences(expected, actual)
        worst = np.argsort(-apart, kind="stable")[:LEAST]
        if not apart[worst[0]] > NATIVE_TOLERANCE:
            return NATIVE_TOLERANCE
        exact = self.reference.exact(np.stack([prepared[i] for i in worst]))
        noise = self.kind.differences(exact, {name: value[worst] for name, value in expected.items()})
        return float(np.clip(NOISE * noise.max(), NATIVE_TOLERANCE, RESIZED_TOLERANCE))

    def _model_apart(self, paths: list[str], prepared: list[Any], expected: Any, tolerance: float) -> Iterator[Check]:
        batch_of = np.stack(prepared[:APART])
        wanted = {name: value[:APART] for name, value in expected.items()}
        for batch in BATCHES:
            actual = self._in_batches(self.runtime.infer, batch_of, batch, f"parity: batches of {batch}")
            yield self._compare("model, native size", batch, tolerance, paths[:APART], wanted, actual)

    def _resized(self) -> Iterator[Check]:
        paths = [example.path for example in self.examples[:RESIZED]]
        for name, scale in SCALES.items():
            contents = [_resize(content, scale) for content in self.contents[:RESIZED]]
            prepared = [self.reference.prepare(image.decode(content)) for content in contents]
            yield self._prepare_apart(f"prepare, {name}", paths, prepared, contents)
            expected = self._in_batches(self.reference.infer, np.stack(prepared), 8, f"parity: {name}")
            actual = self._in_batches(self._files, contents, 8, f"parity: {name}")
            yield self._compare(f"files, {name}", 8, RESIZED_TOLERANCE, paths, expected, actual)

    def _prepare_apart(self, name: str, paths: list[str], prepared: list[Any], contents: list[bytes]) -> Check:
        found = [self.runtime.prepare(image.decode(content)) for content in contents]
        apart = np.array([np.abs(one - other).max() for one, other in zip(prepared, found, strict=True)], np.float64)
        largest = max(1.0, float(np.abs(prepared).max()))
        return Check(name, 1, PREPARED_TOLERANCE * largest, paths, apart, np.zeros(len(paths), bool), 0)

    def _compare(self, name: str, batch: int, tolerance: float, paths: list[str], expected: Any, actual: Any) -> Check:
        tied = self.kind.ties(expected, tolerance)
        decided_apart = self.kind.decided_apart(expected, actual) & ~tied
        apart = self.kind.differences(expected, actual)
        return Check(name, batch, tolerance, paths, apart, decided_apart, int(tied.sum()))

    @staticmethod
    def _in_batches(function: Any, values: Any, size: int, label: str) -> dict[str, NDArray[np.float32]]:
        starts = range(0, len(values), size)
        parts = [function(values[start : start + size]) for start in progress(starts, len(starts), label)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _resize(content: bytes, scale: tuple[float, float]) -> bytes:
    from PIL import Image

    picture = Image.fromarray(image.decode(content))
    width, height = (max(1, round(side * factor)) for side, factor in zip(picture.size, scale, strict=True))
    buffer = io.BytesIO()
    picture.resize((width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def _refuse(checks: list[Check]) -> None:
    failed = [check for check in checks if len(check.failing)]
    if not failed:
        return
    first = failed[0]
    worst = ", ".join(f"{first.paths[i]} by {first.apart[i]:.3g}" for i in first.failing[:3])
    raise RefusedError(
        f"convert: ONNX differs from TensorFlow on {len(first.failing)} of {len(first.paths)} test inputs "
        f"({first.name}, batch {first.batch}, tolerance {first.tolerance:.3g}; {len(failed)} of {len(checks)} checks "
        f"fail): {worst}; nothing was kept: replace the layer that converts wrongly and train again"
    )
