"""The proof that the ONNX graphs answer as the TensorFlow functions do, on real test images."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.conversion.reference import Reference
from pipelines.examples import Example, diverse
from pipelines.parameters import evaluation_module
from tatara.core.contract import Finished, ImagePreparation
from tatara.core.errors import RefusedError
from tatara.core.kinds import beyond, furthest
from tatara.core.progress import progress
from tatara.core.runtime import Runtime

RESIZED_TOLERANCES = {"probability": 1e-4}
"""For resized files, where they are held to less than the kind's tolerances: the products of the resize add up in
another order at each size. For files as they are, `NOISE` may ask for as much."""
NOISE = 8.0
"""Times TensorFlow's own distance from float64 that ONNX Runtime may lie from TensorFlow, where that is more: deep
networks amplify the rounding of float32, and two sound implementations of one differ by some times either's error."""
PREPARED_TOLERANCE = 2e-5
"""On the prepared tensor, relative to its largest value: a four-hundredth of a grey level. Sums over a row of pixels
differ by three quarters of that with the order in which either side adds."""
ROUNDED_MOST = 0.3
"""Of what is held to a mean (the objects that one answer has alone), where float32 decides otherwise than float64: a
model that was hardly trained scores boxes alike that overlap, and rounding says which of them stays. A graph that
converted wrongly loses nearly all."""
METRIC_TOLERANCE = 0.005
"""On the kind's first metric: a detection may fall on either side of a threshold."""
BATCHES = (1, 3, 8)
SCALES = {"half": (0.5, 0.5), "enlarged": (1.7, 1.7), "wide": (1.3, 0.7), "tall": (0.6, 1.5)}
"""Factors on width and height of an image; the first is on the length of a sound."""
OPERATIONS = 1e12
"""Floating-point operations that one pass over the examples may cost; it bounds how many are compared."""
LEAST, MOST, RESIZED, APART = 32, 1000, 8, 16

Differences = dict[str, float]


@dataclass(frozen=True)
class Check:
    """One comparison: by what each input's answers differ, and by what they may."""

    kind: Any
    name: str
    batch: int
    tolerances: Differences
    paths: list[str]
    apart: list[Differences]

    @property
    def failing(self) -> list[tuple[str, str, float]]:
        """Path, what differs and by how much, the worst first."""
        return [(self.paths[i], what, value) for i, what, value in beyond(self.kind, self.tolerances, self.apart)]

    def largest(self) -> Differences:
        """By what is compared; see `tatara.core.kinds.furthest`."""
        return furthest(self.kind, self.apart)

    def record(self) -> dict[str, Any]:
        """The check's row of ``parity.json``."""
        return {
            "check": self.name, "batch": self.batch, "examples": len(self.paths), "tolerances": self.tolerances,
            "largest": self.largest(), "differing": len({path for path, _, _ in self.failing}),
        }  # fmt: skip


class Proof:
    """Compares ``reference`` with ``runtime`` on files of the test split, each image as a whole.

    Where the model takes pixels unscaled, it is on windows of them, spread over the files, since none may be larger.

    Args:
        reference: the TensorFlow functions.
        runtime: over the exported folder.
        examples: of the test split.
        flops: of the model, for one example.
    """

    def __init__(self, reference: Reference, runtime: Runtime, examples: Sequence[Example], flops: int) -> None:
        self.reference, self.runtime = reference, runtime
        self.kind, self.tolerances = runtime.kind, dict(runtime.kind.TOLERANCES)
        self.evaluation = evaluation_module(runtime.contract.kind)
        affordable = int(np.clip(OPERATIONS / flops, LEAST, MOST))
        frame = runtime.contract.preparation
        unscaled = isinstance(frame, ImagePreparation) and frame.resize == "none"
        whole = diverse(list(examples), affordable)
        parts = [part for one in whole for part in one.windows(runtime.contract.tiling)] if unscaled else whole
        self.examples = parts[:: -(-len(parts) // affordable)]

    def run(self) -> dict[str, Any]:
        """The content of ``parity.json``.

        Raises:
            RefusedError: inputs differ; the message says which and by how much.
        """
        native, metric = self._native()
        checks = [native, *self._batches(native.tolerances), *self._resized(native.tolerances)]
        checks.insert(1, self._prepare_apart("prepare, native size", self._paths, self._images(self.examples)))
        _refuse(checks)
        by_rounding = [native.tolerances[what] for what in self._raised(native.tolerances, self.kind.ON_AVERAGE)]
        if abs(metric["tensorflow"] - metric["onnxruntime"]) > max([METRIC_TOLERANCE, *by_rounding]):
            found = f"{metric['tensorflow']} in TensorFlow and {metric['onnxruntime']} in ONNX Runtime"
            raise RefusedError(f"convert: {metric['name']} is {found} on the same files; nothing was kept")
        answers = [
            check for check in checks if check.name.endswith("native size") and check.tolerances == native.tolerances
        ]
        return {
            "max_abs": max(check.largest()[self.kind.SCORE] for check in answers),
            "top1_equal": all(
                check.largest()[self.kind.DECISION] <= check.tolerances[self.kind.DECISION] for check in answers
            ),
            "examples": len(self.examples),
            "tolerances": native.tolerances,
            "metric": metric,
            "checks": [check.record() for check in checks],
            "digests": {example.path: example.digest for example in self.examples},
        }

    @property
    def _paths(self) -> list[str]:
        return [example.path for example in self.examples]

    def _native(self) -> tuple[Check, dict[str, Any]]:
        """All examples as they are, and the metric that either side comes to."""
        apart, records = [], ([], [])  # type: tuple[list[Differences], tuple[list[Any], list[Any]]]
        size = max(BATCHES)
        pairs = self._pairs(self._images(self.examples), size)
        for example, pair in zip(self.examples, progress(pairs, len(self.examples), "parity"), strict=True):
            apart.append(self.kind.differences(*pair))
            for side, finished in zip(records, pair, strict=True):
                side.append(self.evaluation.record(self.runtime.contract, example, finished))
        name = self.evaluation.PRIMARY
        values = [self.evaluation.primary(side, self.runtime.contract) for side in records]
        metric = {"name": name, "tensorflow": values[0], "onnxruntime": values[1]}
        return Check(self.kind, "files, native size", size, self._native_tolerances(apart), self._paths, apart), metric

    def _native_tolerances(self, apart: list[Differences]) -> Differences:
        """The kind's, or `NOISE` where answers lie further apart; never over what `RESIZED_TOLERANCES` and
        `ROUNDED_MOST` say.
        """
        tolerances, most = dict(self.tolerances), RESIZED_TOLERANCES | dict.fromkeys(self.kind.ON_AVERAGE, ROUNDED_MOST)
        for what in most.keys() & tolerances.keys():
            if not furthest(self.kind, apart)[what] <= tolerances[what]:
                found = np.array([one[what] for one in apart])
                worst = [self.examples[i] for i in np.argsort(-found, kind="stable")[:LEAST]]
                noise = NOISE * self._noise(worst, what)
                tolerances[what] = float(np.clip(noise, tolerances[what], most[what]))
        return tolerances

    def _raised(self, tolerances: Differences, names: Iterable[str]) -> list[str]:
        return [what for what in names if tolerances[what] > self.tolerances[what]]

    def _noise(self, examples: Sequence[Example], what: str) -> float:
        """How far TensorFlow's float32 lies from float64, at most or on average; see `tatara.core.kinds.furthest`."""
        images = list(self._images(examples))
        prepared = np.stack([self.reference.prepare(pixels) for pixels in images])
        sides = [self._finished(infer, prepared, images) for infer in (self.reference.exact, self.reference.infer)]
        return furthest(self.kind, [self.kind.differences(*pair) for pair in zip(*sides, strict=True)])[what]

    def _batches(self, tolerances: Differences) -> Iterator[Check]:
        """The model's graph in batches of several sizes, on tensors that TensorFlow prepared."""
        images = list(self._images(self.examples[:APART]))
        prepared = np.stack([self.reference.prepare(pixels) for pixels in images])
        expected = self._finished(self.reference.infer, prepared, images)
        for size in BATCHES:
            actual = self._finished(self.runtime.infer, prepared, images, size)
            apart = [self.kind.differences(*pair) for pair in zip(expected, actual, strict=True)]
            yield Check(self.kind, "model, native size", size, tolerances, self._paths[:APART], apart)

    def _finished(
        self, infer: Callable[[Any], Any], prepared: Any, images: Sequence[Any], size: int = 8
    ) -> list[Finished]:
        found = []
        for start in range(0, len(images), size):
            outputs = infer(prepared[start : start + size])
            for row, pixels in enumerate(images[start : start + size]):
                one = {name: value[row] for name, value in outputs.items()}
                found.append(self.reference.finish(one, *pixels.shape[:2]))
        return found

    def _resized(self, native: Differences) -> Iterator[Check]:
        own = {what: value for what, value in RESIZED_TOLERANCES.items() if what in self.tolerances}
        paths, tolerances = self._paths[:RESIZED], native | own
        for name, scale in SCALES.items():
            images = [self._resize(pixels, scale) for pixels in self._images(self.examples[:RESIZED])]
            yield self._prepare_apart(f"prepare, {name}", paths, images)
            pairs = progress(self._pairs(images, 8), len(images), f"parity: {name}")
            yield Check(
                self.kind, f"files, {name}", 8, tolerances, paths, [self.kind.differences(*pair) for pair in pairs]
            )

    def _resize(self, decoded: NDArray[Any], scale: tuple[float, float]) -> NDArray[Any]:
        found = self.runtime.modality.resized(decoded, scale)
        if isinstance(frame := self.runtime.contract.preparation, ImagePreparation) and frame.resize == "none":
            found = found[: frame.size, : frame.size]
        return np.ascontiguousarray(found)

    def _prepare_apart(self, name: str, paths: list[str], images: Iterable[NDArray[Any]]) -> Check:
        apart, largest = [], 1.0
        for pixels in images:
            expected = self.reference.prepare(pixels)
            apart.append({"tensor": float(np.abs(expected - self.runtime.prepare(pixels)).max())})
            largest = max(largest, float(np.abs(expected).max()))
        return Check(self.kind, name, 1, {"tensor": PREPARED_TOLERANCE * largest}, paths, apart)

    def _images(self, examples: Sequence[Example]) -> Iterator[NDArray[Any]]:
        return (example.decoded(self.runtime.contract.preparation) for example in examples)

    def _pairs(self, images: Iterable[NDArray[Any]], size: int) -> Iterator[tuple[Finished, Finished]]:
        """TensorFlow's and ONNX Runtime's finished answers to each image, from its pixels, in batches of ``size``."""
        for part in batched(images, size):
            prepared = np.stack([self.reference.prepare(pixels) for pixels in part])
            yield from zip(
                self._finished(self.reference.infer, prepared, part, size), self.runtime.answer_whole(part), strict=True
            )


def batched(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of ``size`` values, the last perhaps shorter."""
    iterator = iter(values)
    while part := list(itertools.islice(iterator, size)):
        yield part


def _refuse(checks: list[Check]) -> None:
    failed = [check for check in checks if check.failing]
    if not failed:
        return
    first = failed[0]
    worst = ", ".join(f"{path} by {value:.3g} ({what})" for path, what, value in first.failing[:3])
    tolerances = ", ".join(f"{what} {value:.3g}" for what, value in first.tolerances.items())
    raise RefusedError(
        f"convert: ONNX differs from TensorFlow on {first.record()['differing']} of {len(first.paths)} test inputs "
        f"({first.name}, batch {first.batch}, tolerance {tolerances}; {len(failed)} of {len(checks)} checks fail): "
        f"{worst}; nothing was kept: replace the layer that converts wrongly and train again"
    )
