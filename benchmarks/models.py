"""Each model of the kinds that answer in pixels, against bare Keras at the same size.

    python -m benchmarks.models [models=ssd_mobilenet,unet,mask_rcnn_small] [rounds=7] [batch=4]
    python -m benchmarks.models runs=RUN,RUN [rounds=7]

``training``: images a second of the compiled model's training step, as a share of a bare forward and backward pass (the
gradient of the sum of the network's outputs). ``latency``: milliseconds of the exported graphs for one image, from the
decoded pixels to the finished answer, as a multiple of a bare Keras forward pass. ``postprocessing``: the share of that
latency which is spent after the network. The sides alternate, and the median of the rounds counts. Weights are
fresh, so that every box competes in non-maximum suppression: more than a trained model asks of it. ``runs`` measures
the latency of models as they were trained, on the first test image of their own data.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tatara.core.contract import Contract
from tatara.core.files import read_json
from tatara.core.home import apply_library_environment

MODELS = ("ssd_mobilenet", "ssd300", "unet", "fcn8s", "mask_rcnn_small")
CLASSES, OBJECTS, CALLS = 10, 4, 5


def measure(model: str, rounds: int, batch: int) -> dict[str, float]:
    """The three figures of one model, with what they are made of."""
    from pipelines.conversion.contract import agreed
    from pipelines.conversion.reference import blank_model
    from pipelines.parameters import kinds, models, resolve, task_module

    kind = next(kind for kind in kinds() if model in models(kind))
    parameters = resolve(kind, {"data": "none", "model": model, "batch_size": batch, "deterministic": False})
    task, classes = task_module(kind), [f"class {i}" for i in range(CLASSES)]
    pixels = np.random.default_rng(0).integers(0, 255, (parameters.size, parameters.size, 3), np.uint8)
    return {
        **_training(parameters, rounds),
        **_latency(parameters, blank_model(parameters, CLASSES), agreed(parameters, classes), pixels, task, rounds),
    }


def measure_run(reference: str, rounds: int) -> dict[str, float]:
    """The latency of what a run trained."""
    from pipelines.conversion.contract import agreed
    from pipelines.conversion.reference import trained_model
    from pipelines.examples import split_examples
    from pipelines.parameters import task_module
    from pipelines.workspace import find_workspace

    workspace = find_workspace(reference)
    parameters, classes = workspace.parameters("train"), read_json(workspace.folder("train") / "classes.json")
    pixels = split_examples(workspace, "test")[0].pixels()
    model = trained_model(workspace, len(classes))
    contract = agreed(parameters, classes).model_copy(update={"tiling": None})
    return _latency(parameters, model, contract, pixels, task_module(parameters.kind), rounds)


def _training(parameters: Any, rounds: int) -> dict[str, float]:
    import keras
    import tensorflow as tf

    from pipelines.parameters import task_module
    from pipelines.training.optimizer import Rate, build_optimizer

    task, size, batch = task_module(parameters.kind), parameters.size, parameters.batch_size
    images = tf.constant(np.random.default_rng(0).random((batch, size, size, 3), np.float32))
    targets = _targets(task, parameters)
    model = task.build(parameters, CLASSES)
    loss = task.loss(parameters, targets, CLASSES)
    model.compile(build_optimizer(parameters, Rate(1e-4, "constant", 0, 100)), loss=loss)
    given = tf.nest.map_structure(tf.constant, targets)
    network = getattr(model, "regions", model)  # Mask R-CNN's heads are part of its training alone

    @tf.function
    def bare() -> Any:
        with tf.GradientTape() as tape:
            total = tf.add_n([tf.reduce_sum(one) for one in tf.nest.flatten(network(images, training=True))])
        return tape.gradient(total, [variable.value for variable in network.trainable_variables])

    times = _alternate({"bare": bare, "ours": lambda: model.train_on_batch(images, given)}, rounds)
    keras.backend.clear_session()
    return {
        "training": times["bare"] / times["ours"],
        "bare_images_per_second": batch / times["bare"],
        "images_per_second": batch / times["ours"],
    }


def _targets(task: Any, parameters: Any) -> Any:
    """Of squares on an image of the prepared size, one of each class in turn."""
    from pipelines.examples import Example
    from pipelines.truth import Objects

    side = parameters.size / 8
    corners = [(side * (1 + 2 * (i % 3)), side * (1 + 2 * (i // 3))) for i in range(OBJECTS)]
    boxes = np.array([[x, y, x + side, y + side] for x, y in corners])
    labels = tuple(f"class {1 + i}" for i in range(OBJECTS))
    truth = Objects(boxes, labels, np.zeros(OBJECTS, bool), (None,) * OBJECTS, parameters.size, parameters.size)
    example = Example("none", "", "none", Path(), parameters.size, parameters.size, truth)
    return task.targets([example] * parameters.batch_size, [f"class {i}" for i in range(CLASSES)], parameters)


def _latency(
    parameters: Any, model: Any, contract: Contract, pixels: NDArray[np.uint8], task: Any, rounds: int
) -> dict[str, float]:
    import tensorflow as tf

    from pipelines.conversion.export import export
    from pipelines.conversion.reference import Reference
    from tatara.core.runtime import Runtime

    with tempfile.TemporaryDirectory() as folder:
        export(Reference(task, model, contract, parameters), contract, Path(folder))
        runtime = Runtime(Path(folder))
        network = _network_alone(model, parameters, contract, pixels, Path(folder, "network"))
        prepared = runtime.prepare(pixels)[None]
        forward = tf.function(lambda: model(prepared, training=False))
        sides: dict[str, Callable[[], Any]] = {
            "bare": forward, "ours": lambda: runtime.answer([pixels]), "network": network,
        }  # fmt: skip
        times = _alternate(sides, rounds)
    return {
        "latency": times["ours"] / times["bare"],
        "latency_ms": 1000 * times["ours"],
        "bare_ms": 1000 * times["bare"],
        "postprocessing": max(0.0, 1 - times["network"] / times["ours"]),
    }


def _network_alone(
    model: Any, parameters: Any, contract: Contract, pixels: NDArray[np.uint8], folder: Path
) -> Callable[[], Any]:
    """Preparation and the network in ONNX Runtime, without what follows: its raw output is the answer."""
    from pipelines.conversion.export import export
    from pipelines.conversion.reference import Reference
    from tatara.core.runtime import Runtime

    def raw(outputs: Any, _: Any) -> Mapping[str, Any]:
        return outputs if isinstance(outputs, dict) else {"raw": outputs}

    shapes = {name: tuple(shape[1:]) for name, shape in _shapes(model, raw).items()}
    contract = contract.model_copy(update={"outputs": shapes, "finished": {}, "tiling": None})
    folder.mkdir()
    export(Reference(SimpleNamespace(decode=raw), model, contract, parameters), contract, folder)
    runtime = Runtime(folder)
    return lambda: runtime.infer(runtime.prepare(pixels)[None])


def _shapes(model: Any, raw: Callable[..., Mapping[str, Any]]) -> dict[str, Any]:
    import tensorflow as tf

    size = model.inputs[0].shape[1] if hasattr(model, "inputs") else model.parameters.size
    found = tf.function(lambda batch: raw(model(batch, training=False), None)).get_concrete_function(
        tf.TensorSpec((None, size, size, 3), tf.float32)
    )
    return {name: value.shape for name, value in found.structured_outputs.items()}


def _alternate(sides: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median seconds of a call of each side, after a call that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for _ in range(rounds):
        for name, side in sides.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                side()
            times[name].append((time.perf_counter() - began) / CALLS)
    return {name: statistics.median(found) for name, found in times.items()}


def main(given: Mapping[str, str]) -> None:
    """Measure each model and print one JSON object: model -> figures."""
    found: dict[str, dict[str, float]] = {}
    rounds = int(given.get("rounds", 7))
    if "runs" in given:
        print(json.dumps({one: measure_run(one, rounds) for one in given["runs"].split(",")}, indent=2))
        return
    for model in given.get("models", ",".join(MODELS)).split(","):
        found[model] = measure(model, rounds, int(given.get("batch", 4)))
        print(json.dumps({model: found[model]}), file=sys.stderr, flush=True)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    apply_library_environment()
    main(dict(word.split("=") for word in sys.argv[1:]))
