"""The command line as a user meets it: its forms, its exit codes, one-line errors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tatara import cli
from tatara.core.errors import UsageError


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, tatara.cli; tatara.cli.parser().format_help(); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "pydantic", "PIL", "tensorflow", "keras", "mlflow", "pandas", "dvc", "bentoml", "matplotlib"}
    assert not heavy & set(loaded)


@pytest.mark.parametrize(
    "words",
    [
        ["run", "classification", "data=digits", "epochs=1"],
        ["run", "classification", "--data", "digits", "--epochs=1"],
        ["run", "--data", "digits", "classification", "--epochs", "1"],
        ["run", "classification", "--json", "data=digits", "epochs=1"],
    ],
)
def test_the_forms_of_a_parameter_mean_the_same(words: list[str]) -> None:
    request = cli.request(words)
    assert request.verb == "run"
    assert request.words == ("classification",)
    assert request.options == {"data": "digits", "epochs": "1"}
    assert request.json == ("--json" in words)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="epochs is given twice"):
        cli.request(["train", "epochs=1", "--epochs", "2"])


def test_an_option_without_a_value_is_refused() -> None:
    with pytest.raises(UsageError, match="--epochs needs a value"):
        cli.request(["train", "--epochs"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "classification", "data=digits", "epoch=1"], "did you mean 'epochs'"),
        (["run", "classification", "data=digits", "model=mobilenet_2"], "did you mean 'mobilenet_v2'"),
        (["run", "classification", "data=digits", "workspac=x"], "did you mean 'workspace'"),
        (["run", "clasification", "data=digits"], "did you mean 'classification'"),
        (["run", "classification", "data=digits", "epochs=many"], "epochs='many'"),
        (["run", "classification", "data=digits", "seed=-1"], "seed='-1'"),
        (["run", "data=digits"], "which kind"),
        (["run", "classification", "data=digits", "digits"], "'digits' is no parameter"),
        (["run", "classification"], "data"),
        (["train"], "which kind"),
        (["lineage", "verify"], "tatara lineage"),
        (["lineage", "verify", "deadbeef"], "give NAME, NAME@alias, NAME/version, or a whole lineage digest"),
        (["predct", "digits"], "no verb 'predct'; did you mean 'predict'?"),
        (["fly"], "no verb 'fly'; `tatara --help` lists them"),
    ],
)
def test_usage_errors_are_one_line_with_the_remedy(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert said in printed.err


def test_an_error_with_json_is_one_object_on_standard_output(project: Path) -> None:
    command = [sys.executable, "-m", "tatara", "run", "classification", "data=digits", "epoch=1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2


def test_outside_a_project_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TATARA_HOME", raising=False)
    assert cli.main(["data", "list"]) == 2
    assert "no data.dvc at or above it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "classification"], "data is needed; add data=..."),
        (["data", "add", ".", "name=n", "ratios=8:1"], "like 8:1:1"),
        (["serve", "digits", "port=99999"], "a port is a whole number from 1 to 65535"),
        (["doctor", "port=abc"], "a port is a whole number from 1 to 65535"),
        (["run", "classification", "data=digit"], "did you mean 'digits'"),
    ],
)
def test_mistaken_values_name_the_form(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err
    assert not (project / ".tatara" / "runs").exists()


def test_ctrl_c_inside_executed_text_ends_with_the_code_of_an_interruption(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        """
import dataclasses, sys
from tatara.verbs import VERBS

def doctor(asked, output):
    exec("raise KeyboardInterrupt")

if __name__ == "__main__":
    VERBS["doctor"] = dataclasses.replace(VERBS["doctor"], function="interrupted:doctor")
    sys.argv[1:] = ["doctor"]
    import tatara.__main__
"""
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "tatara: interrupted\n")
