"""CPU time of Tatara's training against a bare ``model.fit`` on the same arrays.

    python -m benchmarks.training_overhead [pairs=7] [seconds=60]

Both train the same small_cnn for the same steps on the digits, without augmentation; Tatara's side has its input
pipeline, checkpoints, history, progress and the record in MLflow. The pairs alternate, and the median of their ratios
counts. At most 1.03 is wanted for a minute's run.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tatara.core.home import apply_library_environment, project_root

EXAMPLES, SIDE, CLASSES = 1408, 24, 10


def main(pairs: int, seconds: float) -> dict[str, float]:
    """Time the pairs in a scratch state folder and return the medians."""
    data = _digits()
    epochs = max(1, round(seconds / _seconds_per_epoch(data)))
    bare: list[float] = []
    ours: list[float] = []
    for pair in range(pairs):
        sides: list[tuple[list[float], Callable[..., None]]] = [(bare, bare_fit), (ours, tatara_fit)]
        for times, side in sides if pair % 2 == 0 else sides[::-1]:
            began = time.process_time()
            side(data, epochs)
            times.append(time.process_time() - began)
        print(f"pair {pair + 1}: bare {bare[-1]:.1f} s, tatara {ours[-1]:.1f} s of CPU", file=sys.stderr)
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    return {
        "epochs": epochs, "bare_cpu_seconds": statistics.median(bare), "tatara_cpu_seconds": statistics.median(ours),
        "ratio": ratio,
    }  # fmt: skip


def _digits() -> tuple[object, object]:
    """Images float32 (examples, side, side, 3) and labels int32."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = digits.images[:EXAMPLES].repeat(SIDE // 8, axis=1).repeat(SIDE // 8, axis=2)
    return np.repeat(small[..., None], 3, axis=3).astype(np.float32) / 16, digits.target[:EXAMPLES].astype(np.int32)


def _job(data: tuple[object, object]):  # noqa: ANN202
    """The default small_cnn's job on ``data``, valid being its first 320 examples."""
    from pipelines.parameters import resolve
    from pipelines.training.cache import Prepared
    from pipelines.training.job import Job, Split

    plain = {"rotate": 0, "shift": 0, "zoom": 0, "deterministic": False}
    parameters = resolve("classification", {"data": "digits", **plain})
    images, labels = data
    folder = Path(os.environ["TATARA_HOME"])

    def split(name: str, count: int) -> Split:
        images[:count].tofile(folder / name)
        return Split(Prepared(folder / name, (count, SIDE, SIDE, 3)), labels[:count])

    return Job(parameters, tuple(map(str, range(CLASSES))), split("train", EXAMPLES), split("valid", 320))


def bare_fit(data: tuple[object, object], epochs: int) -> None:
    """What a notebook would do."""
    job = _job(data)
    model, _ = job.model(job.rate(1e-3))
    images, labels = data
    valid = (images[:320], labels[:320])
    model.fit(images, labels, batch_size=32, epochs=epochs, validation_data=valid, verbose=0)


def tatara_fit(data: tuple[object, object], epochs: int) -> None:
    """The same with everything that a tracked, resumable training adds."""
    from pipelines import tracking
    from pipelines.training import loop, state

    job = _job(data)
    job = type(job)(job.parameters.model_copy(update={"epochs": epochs}), job.classes, job.train, job.valid)
    model, _ = job.model(job.rate(1e-3))
    with (
        tempfile.TemporaryDirectory() as checkpoint,
        tracking.adopted_run("overhead", "overhead") as run_id,
        tracking.system_metrics(run_id),
    ):
        loop.fit(
            model, job.train.examples(), job.valid.examples(), job.plan, None, state.State(),
            loop.Settings(Path(checkpoint)), lambda rows: tracking.log_history(run_id, rows),
        )  # fmt: skip


def _seconds_per_epoch(data: tuple[object, object]) -> float:
    """Also imports everything and makes MLflow's store, so that neither side pays for it."""
    tatara_fit(data, 1)
    bare_fit(data, 1)
    began = time.perf_counter()
    bare_fit(data, 3)
    return (time.perf_counter() - began) / 3


if __name__ == "__main__":
    given = dict(word.split("=") for word in sys.argv[1:])
    with tempfile.TemporaryDirectory() as home:
        os.environ["TATARA_HOME"] = home
        os.chdir(project_root())
        apply_library_environment()
        print(json.dumps(main(int(given.get("pairs", 7)), float(given.get("seconds", 60))), indent=2))
