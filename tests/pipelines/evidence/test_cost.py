"""What an answer costs, of models whose cost is known to differ."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.evidence.cost import hardware, ratio, rounds
from pipelines.evidence.memory import peak_memory
from tatara.core.errors import TataraError
from tatara.core.runtime import Runtime
from tests.services.model_folder import plain, write_converted


def test_the_ratio_is_geometric_with_students_interval() -> None:
    champion = np.array([1.0, 2.0, 4.0])
    found = ratio(champion * np.array([1.0, 2.0, 4.0]), champion)
    assert found.value == pytest.approx(2.0)
    half = 4.302653 * np.log(2) / np.sqrt(3)  # t with two degrees of freedom
    assert (found.low, found.high) == pytest.approx((2 * np.exp(-half), 2 * np.exp(half)))


class _Slow(Runtime):
    """Answers everything twice."""

    def answer_files(self, contents: object) -> object:  # type: ignore[override]
        super().answer_files(contents)  # type: ignore[arg-type]
        return super().answer_files(contents)  # type: ignore[arg-type]


def test_a_model_that_takes_twice_as_long_is_seen_to_in_alternation(tmp_path: Path) -> None:
    folder = write_converted(tmp_path / "model")
    contents = [plain(200, 20, 20, side) for side in (300, 400, 500)]
    times = np.median(rounds([_Slow(folder), Runtime(folder)], contents), axis=2)
    found = ratio(times[:, 0], times[:, 1])
    assert 1.5 < found.value < 2.6
    assert found.low > 1.2


def test_the_hardware_is_named(tmp_path: Path) -> None:
    device, cores, processor = hardware(Runtime(write_converted(tmp_path / "model"))).split(":", 2)
    assert device == "cpu"
    assert int(cores) >= 1
    assert processor


def test_memory_grows_with_what_is_asked_and_not_with_this_process(tmp_path: Path) -> None:
    folder = write_converted(tmp_path / "model")
    ballast = np.ones(40_000_000)  # 320 MB that the child must not be charged for
    for name, side in (("small", 16), ("large", 3000)):
        (tmp_path / f"{name}.png").write_bytes(plain(20, 20, 200, side))
    small, large = (peak_memory(folder, [tmp_path / f"{name}.png"]) for name in ("small", "large"))
    assert 0 < small < 100 < large < 600  # 27 MB decoded, and 108 MB as floats, of which there are some
    assert ballast.nbytes == 320_000_000


def test_a_model_that_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TataraError, match=r"memory cannot be measured .*contract"):
        peak_memory(tmp_path, [])
