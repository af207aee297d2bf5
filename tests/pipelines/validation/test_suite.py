import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas
import pytest
from great_expectations import ExpectationSuite

from pipelines.validation.expectations import validate
from pipelines.validation.suite import compile_bounds, load_suite
from tatara.core.errors import TataraError
from tatara.core.modalities.image import Facts

SUITES = Path(__file__).parents[3] / "pipelines" / "validation" / "suites"
WIDTH = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "width", "min_value": 8},
    "meta": {"rule": "width", "table": "files", "request": True},
    "severity": "critical",
}


@pytest.fixture
def suite_file(tmp_path: Path) -> Callable[..., Path]:
    def write(*expectations: object, name: str = "classification.json") -> Path:
        (tmp_path / name).write_text(json.dumps({"name": "s", "expectations": expectations}))
        return tmp_path / name

    return write


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.json")), ids=lambda path: path.name)
def test_the_suites_in_the_repository_are_great_expectations_own_format(path: Path):
    content = json.loads(path.read_text(encoding="utf-8"))
    back = json.loads(json.dumps(ExpectationSuite(**json.loads(json.dumps(content))).to_json_dict()))
    assert back["expectations"] == content["expectations"]
    assert (back["name"], back["notes"]) == (content["name"], content["notes"])


def test_a_dataset_s_own_file_replaces_rules_by_name_and_adds_others(suite_file):
    kind = suite_file(WIDTH, {**WIDTH, "meta": {"rule": "w2"}})
    wider = {**WIDTH, "kwargs": {"column": "width", "min_value": 99}}
    own = suite_file(wider, {**WIDTH, "meta": {"rule": "w3"}}, name="classification.mine.json")
    suite = load_suite(kind, own)
    assert [each["meta"]["rule"] for each in suite.expectations] == ["width", "w2", "w3"]
    assert suite.expectations[0]["kwargs"]["min_value"] == 99
    assert suite.name == "classification.json + classification.mine.json"
    assert suite.digest != load_suite(kind).digest


def test_the_digest_is_of_the_rules_not_of_their_spacing(suite_file):
    path = suite_file(WIDTH)
    before = load_suite(path).digest
    path.write_text(json.dumps(json.loads(path.read_text()), indent=8))
    assert load_suite(path).digest == before
    suite_file({**WIDTH, "kwargs": {"column": "width", "min_value": 9}})
    assert load_suite(path).digest != before


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ({**WIDTH, "type": "expect_nonsense"}, "rule 'width'.*expect_nonsense not found"),
        ({**WIDTH, "kwargs": {"column": "width", "min_valu": 3}}, "rule 'width'.*min_valu"),
        ({**WIDTH, "kwargs": {"column": "width", "min_value": "three"}}, "rule 'width'"),
        ({**WIDTH, "severity": "huge"}, "rule 'width'.*huge"),
        ({**WIDTH, "meta": {}}, "expectation 1 has no name"),
        ({**WIDTH, "meta": {"rule": "width", "table": "rows"}}, "'rows' is none of files, classes"),
        ("width >= 8", "expectation 1 has no name"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_and_never_left_out(suite_file, expectation, said):
    with pytest.raises(TataraError, match=said) as caught:
        load_suite(suite_file(expectation))
    assert "\n" not in str(caught.value)


def test_two_rules_of_one_name(suite_file):
    with pytest.raises(TataraError, match="two rules are called 'width'"):
        load_suite(suite_file(WIDTH, WIDTH))


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}', '{"expectations": 3}'])
def test_a_file_that_is_no_suite(tmp_path: Path, text: str):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(TataraError, match="not a suite in JSON"):
        load_suite(tmp_path / "s.json")


def test_a_missing_suite_names_the_remedy(tmp_path: Path):
    with pytest.raises(TataraError, match="git checkout"):
        load_suite(tmp_path / "s.json")


def test_a_rule_on_a_column_that_is_not_there_is_an_error_not_a_pass(suite_file):
    suite = load_suite(suite_file({**WIDTH, "kwargs": {"column": "widht", "min_value": 8}, "meta": {"rule": "w"}}))
    files = pandas.DataFrame({"width": [9.0]})
    with pytest.raises(TataraError, match=r"rule 'w' cannot be computed.*widht"):
        validate(suite, {"files": files, "classes": files}, {})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kwargs": {"column": "label", "min_value": 1}}, "a request has no 'label'"),
        ({"kwargs": {"column": "width", "min_value": 1, "strict_min": True}}, "'strict_min'"),
        ({"kwargs": {"column": "width", "min_value": 1, "mostly": 0.9}}, "'mostly'"),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "width"}}, "'column' of expect_column_v"),
    ],
)
def test_a_rule_that_no_single_request_can_be_held_to_is_refused(suite_file, change, said):
    with pytest.raises(TataraError, match=f"rule 'width'.*{said}"):
        compile_bounds(load_suite(suite_file({**WIDTH, **change})), "image")


def test_a_bound_admits_exactly_the_values_that_great_expectations_admits():
    suite = load_suite(SUITES / "classification.json")
    bounds = compile_bounds(suite, "image")
    assert {bound.column for bound in bounds} == {field.name for field in fields(Facts)}
    grid = {bound.column: _around(bound.minimum, bound.maximum) for bound in bounds if bound.allowed is None}
    grid["mode"] = [*(mode for bound in bounds for mode in bound.allowed or ()), "F", "HSV", "LAB", "rgb", "", "RGBX"]
    rows = max(map(len, grid.values()))
    files = pandas.DataFrame({column: (values * rows)[:rows] for column, values in grid.items()})
    filled = {"decode_error": None, "split": "train", "label": "a", "duplicate_of": None, "conflicting_label": None}
    files = files.assign(**filled, pixels=64.0, near_duplicate_distance=9.0)
    classes = pandas.DataFrame({"count": [1], "balance": [1.0]})
    outcomes = validate(suite, {"files": files, "classes": classes}, {"splits": ["train"], "classes": ["a"]})
    for bound in bounds:
        refused = set(outcomes[bound.rule].result["unexpected_index_list"])
        violated = {row for row, value in files[bound.column].items() if bound.violation(value) is not None}
        assert violated == refused
        assert violated, "the grid has values on both sides"
        assert len(violated) < rows
        assert all(str(bound.violation(files[bound.column][row])).startswith(bound.rule) for row in violated)


def _around(minimum: float | None, maximum: float | None) -> list[float]:
    ends = [float(end) for end in (minimum, maximum) if end is not None]
    near = [
        value
        for end in ends
        for value in (np.nextafter(end, -np.inf), end, np.nextafter(end, np.inf), end - 1, end + 1)
    ]
    return [float(value) for value in (*near, 0.0, -1.0, sum(ends) / len(ends))]
