"""A classifier in every format: loaded in the format's own runtime, answering as its ONNX graphs do."""

from pathlib import Path

import numpy as np
import pytest

from pipelines.conversion import __main__ as conversion
from pipelines.examples import split_examples
from pipelines.exporting import formats
from pipelines.exporting.export import FORMATS, export_run, formats_of
from pipelines.exporting.measuring import measure
from pipelines.exporting.row import Row, table
from pipelines.workspace import Workspace
from tatara.core.errors import UsageError
from tatara.core.files import tree
from tatara.core.runtime import Runtime
from tests.conftest import REPOSITORY
from tests.tiny import CLASSES, make_tiny
from tests.trained import untrained_run

GIVEN = {"data": "tiny", "model": "small_cnn", "width": 8, "size": 16}
HERE = [name for name in FORMATS if name != "tfjs"]
FURTHEST = {"onnx": 0.0, "savedmodel": 1e-5, "tflite": 1e-5, "tflite-float16": 1e-2, "int8": 0.1, "tflite-int8": 0.1}


@pytest.fixture(scope="module")
def workspace(module_project: Path) -> Workspace:
    make_tiny(module_project)
    found = untrained_run(module_project, "classification", CLASSES, GIVEN)
    with found.writing("convert", found.parameters("train")) as folder:
        conversion.convert(found.path, folder)
    return found


@pytest.fixture(scope="module")
def exports(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Row]]:
    """Every format that needs no other environment, with its row."""
    source, original, found = formats.Source(workspace), Runtime(workspace.folder("convert")), {}
    for name in HERE:
        folder = tmp_path_factory.mktemp(name)
        formats.write(name, source, folder)
        with formats.load(name, folder) as exported:
            found[name] = (folder, measure(name, folder, exported, original, split_examples(workspace, "test"), 0))
    return found


@pytest.mark.parametrize("name", HERE)
def test_its_answers_are_the_originals(exports: dict[str, tuple[Path, Row]], name: str) -> None:
    _, row = exports[name]
    assert row.examples == 36
    assert row.apart["probability"] <= FURTHEST[name]
    if "int8" in name or "16" in name:
        assert row.apart["probability"] > 1e-7  # it did answer with other weights
    else:
        assert (row.change is not None, row.change and row.change.value) == (True, 0.0)


@pytest.mark.parametrize("name", HERE)
def test_its_row_can_be_computed_again(exports: dict[str, tuple[Path, Row]], workspace: Workspace, name: str) -> None:
    folder, row = exports[name]
    examples = split_examples(workspace, "test")
    with formats.load(name, folder) as exported:
        answers = exported.answer_files([example.read() for example in examples])
    decided = [CLASSES[int(answer["probabilities"].argmax())] for answer in answers]
    right = np.mean([label == example.label for label, example in zip(decided, examples, strict=True)])
    assert row.value == pytest.approx(right)
    assert row.bytes == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert (folder / "contract.json").read_bytes() == (workspace.folder("convert") / "contract.json").read_bytes()


def test_int8_and_float16_are_smaller(exports: dict[str, tuple[Path, Row]]) -> None:
    size = {
        name: exports[name][0].joinpath("model.tflite").stat().st_size
        for name in ("tflite", "tflite-float16", "tflite-int8")
    }
    assert size["tflite-float16"] < 0.7 * size["tflite"]
    assert size["tflite-int8"] < 0.7 * size["tflite"]


def test_the_saved_model_has_a_serving_signature_for_an_image_of_any_size(
    exports: dict[str, tuple[Path, Row]], workspace: Workspace
) -> None:
    import tensorflow as tf

    serve = tf.saved_model.load(str(exports["savedmodel"][0])).signatures["serving_default"]
    assert serve.structured_input_signature[1]["image"].shape.as_list() == [None, None, 3]
    assert serve.structured_input_signature[1]["image"].dtype == tf.uint8
    runtime = Runtime(workspace.folder("convert"))
    for size in ((9, 31), (40, 16)):
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
        expected = runtime.answer([pixels])[0]["probabilities"]
        found = np.asarray(serve(image=tf.constant(pixels))["probabilities"])
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_process_leaves_the_export_and_its_row_and_replaces_an_earlier_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "tflite").mkdir()
    (tmp_path / "tflite" / "stale").touch()
    row = export_run(workspace, tmp_path, "tflite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tflite", "tflite.json"]
    assert sorted(tree(tmp_path / "tflite")) == ["contract.json", "model.tflite", "prepare.tflite"]
    assert row.folder == tmp_path / "tflite"
    assert row.value is not None
    assert f"{row.value:.4f}" in table([row])


@pytest.mark.system
def test_tensorflow_js_answers_alike_under_node(workspace: Workspace, tmp_path: Path) -> None:
    """Needs a package index, or the environment that an export made in the repository before."""
    (REPOSITORY / ".tatara" / "environments").mkdir(parents=True, exist_ok=True)
    (workspace.path.parents[1] / "environments").symlink_to(REPOSITORY / ".tatara" / "environments")
    row = export_run(workspace, tmp_path, "tfjs")
    assert row.apart["probability"] <= 1e-5
    assert row.examples == 36
    assert "Node" in row.runs_in


def test_formats_are_named_in_groups_and_the_nearest_is_suggested() -> None:
    assert formats_of("all") == FORMATS
    assert formats_of("tflite,onnx") == ("tflite", "tflite-float16", "tflite-int8", "onnx")
    with pytest.raises(UsageError, match="savedmodel"):
        formats_of("savedmodle")
