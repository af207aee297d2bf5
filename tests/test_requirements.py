"""The lock files: what each environment may hold, and that they agree."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "requirements"
LOCKS = ("train", "gpu-train", "serve", "gpu-serve", "observe", "tracking", "notebook", "dev")
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[\w,-]+\])?==([^ ;\\]+)(?: ; (.+?))? ?\\?$", re.MULTILINE)


def _versions(lock: str) -> dict[str, set[str]]:
    """Package -> its versions, of which there are two where Python 3.11 and 3.12 differ."""
    found = defaultdict(set)
    for name, version, _ in PINNED.findall((FOLDER / f"{lock}.txt").read_text()):
        found[name].add(version)
    return dict(found)


@pytest.mark.parametrize("lock", ["serve", "gpu-serve"])
def test_the_serve_environments_hold_nothing_of_training(lock: str) -> None:
    heavy = ("tensorflow", "keras", "mlflow", "dvc", "great-expectations", "pandas", "matplotlib", "tf2onnx", "scipy")
    assert [name for name in _versions(lock) if name.startswith(heavy)] == []


@pytest.mark.parametrize("lock", [*LOCKS, "tensorflowjs"])
def test_every_requirement_is_pinned_by_hash_and_names_no_index(lock: str) -> None:
    text = (FOLDER / f"{lock}.txt").read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(PINNED.findall(text)) > 5
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text
    assert "index-url" not in text


def test_shared_packages_have_one_version_everywhere() -> None:
    dev = _versions("dev")
    for lock in LOCKS:
        differing = {
            name: versions for name, versions in _versions(lock).items() if versions != dev.get(name, versions)
        }
        assert differing == {}, lock


def test_each_environment_has_one_tensorflow_or_one_runtime_for_its_device() -> None:
    names = {lock: set(_versions(lock)) for lock in LOCKS}
    flavours = {"tensorflow", "tensorflow-cpu", "onnxruntime", "onnxruntime-gpu"}
    assert {lock: found & flavours for lock, found in names.items()} == {
        "train": {"tensorflow-cpu", "onnxruntime"},
        "gpu-train": {"tensorflow", "onnxruntime"},
        "serve": {"onnxruntime"},
        "gpu-serve": {"onnxruntime-gpu"},
        "observe": set(),
        "tracking": set(),
        "notebook": set(),
        "dev": {"tensorflow-cpu", "onnxruntime"},
    }
    assert "nvidia-cudnn-cu12" in names["gpu-train"]
    assert "nvidia-cudnn-cu13" in names["gpu-serve"]
