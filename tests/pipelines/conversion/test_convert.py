"""The convert stage: what it leaves, that the bytes are the same again, and that a wrong graph is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pipelines.conversion import __main__ as process
from pipelines.conversion import export, int8, parity, reference
from pipelines.conversion.process import spawn
from pipelines.examples import split_examples
from pipelines.parameters import task_module
from pipelines.workspace import Workspace
from tatara.core.contract import read_contract
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import read_json, sha256_file
from tatara.core.runtime import CONTRACT_KEY, Runtime

GRAPHS = ("prepare.onnx", "model.onnx", int8.FILE)


def _shapes(values: list[onnx.ValueInfoProto]) -> dict[str, list[int | str]]:
    return {
        value.name: [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_inputs_and_outputs_have_their_names_and_dimensions(converted: Path) -> None:
    prepare, model = (onnx.load(converted / name).graph for name in GRAPHS[:2])
    assert _shapes(prepare.input) == {"image": ["height", "width", 3]}
    assert _shapes(prepare.output) == {"prepared": [16, 16, 3]}
    assert _shapes(model.input) == {"prepared": ["batch", 16, 16, 3]}
    assert _shapes(model.output) == {"probabilities": ["batch", 3]}


@pytest.mark.parametrize("name", GRAPHS)
def test_each_graph_is_one_file_of_standard_operators_bound_to_the_contract(converted: Path, name: str) -> None:
    model = onnx.load(converted / name, load_external_data=False)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", export.OPSET)]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    carried = {one.key: one.value for one in model.metadata_props}
    assert carried == {CONTRACT_KEY: read_contract(converted / "contract.json").digest}


def test_the_weights_carry_their_keras_names(converted: Path) -> None:
    names = {tensor.name for tensor in onnx.load(converted / "model.onnx").graph.initializer}
    assert {"head/kernel", "head/bias", "conv2d/kernel", "batch_normalization/moving_mean"} <= names


def test_the_proof_says_what_was_compared(converted: Path) -> None:
    proof = read_json(converted / "parity.json")
    assert proof["top1_equal"] is True
    assert 0 <= proof["max_abs"] <= proof["tolerances"]["probability"] == 1e-5
    assert proof["examples"] == 36 == len(proof["digests"])
    assert proof["metric"]["tensorflow"] == proof["metric"]["onnxruntime"]
    checks = {(check["check"], check["batch"]) for check in proof["checks"]}
    assert {("model, native size", batch) for batch in (1, 3, 8)} <= checks
    assert {("files, half", 8), ("files, enlarged", 8), ("files, wide", 8), ("prepare, tall", 1)} <= checks


def test_a_model_that_amplifies_rounding_is_held_to_its_own_noise(
    converted: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, parameters = Runtime(converted), workspace.parameters("train")
    task = task_module("classification")
    functions = reference.Reference(task, reference.trained_model(workspace, 3), runtime.contract, parameters)
    monkeypatch.setitem(runtime.kind.TOLERANCES, "probability", 1e-12)
    proof = parity.Proof(functions, runtime, split_examples(workspace, "test"), 1_000_000).run()
    assert 1e-12 < proof["max_abs"] <= proof["tolerances"]["probability"] < 1e-5
    monkeypatch.setattr(parity, "NOISE", 0.01)
    with pytest.raises(RefusedError, match="ONNX differs from TensorFlow"):
        parity.Proof(functions, runtime, split_examples(workspace, "test"), 1_000_000).run()


def _answer(converted: Path, case: dict[str, Any]) -> dict[str, Any]:
    return dict(np.load(converted / "golden" / case["answer"], allow_pickle=False))


def test_golden_cases_are_tensorflows_answers_to_file_bytes(converted: Path, workspace: Workspace) -> None:
    golden = read_json(converted / "golden" / "cases.json")
    assert {case["label"] for case in golden["cases"]} == {"0", "1", "7"}
    runtime = Runtime(converted)
    for case in golden["cases"]:
        content = (converted / "golden" / case["file"]).read_bytes()
        assert sha256_file(converted / "golden" / case["file"]) == case["digest"]
        (found,) = runtime.answer_files([content])
        np.testing.assert_allclose(
            found["probabilities"], _answer(converted, case)["probabilities"], atol=golden["tolerances"]["probability"]
        )
    spread = np.ptp([_answer(converted, case)["probabilities"] for case in golden["cases"]], axis=0)
    assert spread.max() > 0.01  # else the cases would say nothing
    model = reference.trained_model(workspace, 3)
    pixels = runtime.prepare(np.zeros((4, 4, 3), np.uint8))[None]
    expected = keras.ops.softmax(model(pixels, training=False))
    np.testing.assert_allclose(runtime.infer(pixels)["probabilities"], expected, atol=1e-6)


def test_the_bytes_are_the_same_from_another_process(converted: Path, workspace: Workspace, tmp_path: Path) -> None:
    keras.backend.clear_session()
    (tmp_path / "parameters.json").write_bytes((converted / "parameters.json").read_bytes())
    process.convert(workspace.path, tmp_path)
    for name in (*GRAPHS, "contract.json", "golden/cases.json", "golden/answers/0.npz"):
        assert sha256_file(tmp_path / name) == sha256_file(converted / name), name


def test_int8_is_small_and_answers_nearly_the_same(converted: Path) -> None:
    assert (converted / int8.FILE).stat().st_size < 0.6 * (converted / "model.onnx").stat().st_size
    batch = np.random.default_rng(0).random((20, 16, 16, 3), np.float32)
    exact, small = (Runtime(converted, model_file=name).infer(batch)["probabilities"] for name in GRAPHS[1:])
    assert np.abs(exact - small).mean() < 0.05
    operators = {node.op_type for node in onnx.load(converted / int8.FILE).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators


def test_int8_answers_lie_within_their_own_tolerances_of_tensorflows(converted: Path) -> None:
    golden, runtime = read_json(converted / "golden" / "cases.json"), Runtime(converted, model_file=int8.FILE)
    worst = dict.fromkeys(golden["tolerances"], 0.0)
    for case in golden["cases"]:
        (found,) = runtime.answer_files([(converted / "golden" / case["file"]).read_bytes()])
        apart = runtime.kind.differences(dict(np.load(converted / "golden" / case["answer"])), found)
        worst = {name: max(value, apart[name]) for name, value in worst.items()}
    assert worst["probability"] > golden["tolerances"]["probability"]
    assert golden["int8_tolerances"]["probability"] == pytest.approx(2 * worst["probability"])


def _flip_weight(path: Path) -> None:
    model = onnx.load(path)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "head/kernel")
    values = numpy_helper.to_array(tensor).copy()
    values[0, 0] = -values[0, 0]
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, path)


def _scale_pixels(path: Path) -> None:
    model = onnx.load(path)
    factors = [one for one in model.graph.initializer if np.allclose(numpy_helper.to_array(one), 1 / 255, atol=1e-6)]
    assert factors
    for tensor in factors:
        wrong = np.full_like(numpy_helper.to_array(tensor), 1 / 254)
        tensor.CopyFrom(numpy_helper.from_array(wrong, tensor.name))
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("name", "harm", "said"), [("model.onnx", _flip_weight, "files, native"), ("prepare.onnx", _scale_pixels, "test/")]
)
def test_a_wrong_graph_is_refused_by_input_and_amount(
    workspace: Workspace,
    converted: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    harm: Callable[[Path], None],
    said: str,
) -> None:
    def harmed(*arguments: object) -> None:
        right(*arguments)
        harm(arguments[2] / name)

    right = export.export
    monkeypatch.setattr(export, "export", harmed)
    other = Workspace(workspace.path.with_name(f"harmed-{name}"))
    for stage in ("validate", "train"):
        (other.path / stage).mkdir(parents=True)
        for file in workspace.folder(stage).iterdir():
            (other.path / stage / file.name).write_bytes(file.read_bytes())
    with (
        pytest.raises(
            RefusedError, match=r"differs from TensorFlow on \d+ of 36 test inputs .*: test/\S+\.png by \d"
        ) as error,
        other.writing("convert", other.parameters("train")) as folder,
    ):
        process.convert(other.path, folder)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert {path.name for path in other.path.iterdir()} == {"validate", "train"}


def test_an_error_in_the_process_comes_back_as_ours(module_project: Path) -> None:
    with pytest.raises(TataraError, match="no result of train; run `tatara train") as error:
        spawn("pipelines.conversion", str(module_project / "nowhere"), str(module_project / "out"))
    assert error.value.exit_code == 1


def test_a_crash_in_the_process_comes_back_as_its_last_line(module_project: Path) -> None:
    with pytest.raises(TataraError, match=r"^pipelines\.conversion\.facts: FileNotFoundError"):
        spawn("pipelines.conversion.facts", "nowhere.json", "answers.json")
