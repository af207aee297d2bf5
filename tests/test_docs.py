"""What the documents tell people to type: that it exists, is spelled so, and runs where that is quick."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from pipelines.parameters import resolve
from tatara import cli
from tatara.core.errors import UsageError
from tatara.verbs import VERBS, Request

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
STEPS = ("run", "validate", "train", "convert", "evaluate", "register", "check", "package")
OF_STEPS = {"workspace", "params", "resume", "steps"}
QUICK = ("tatara data list", "tatara data show digits", "tatara data check digits")


class _UnderstoodError(Exception):
    """A verb has read its options; it need not run."""


def _commands() -> list[str]:
    found = []
    for document in DOCUMENTS:
        for block in re.findall(r"^```console\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
            found += [line[2:].strip() for line in block.splitlines() if line.startswith("$ ")]
    return sorted(set(found))


COMMANDS = _commands()


def _beginning(program: str) -> list[str]:
    return [command for command in COMMANDS if command.split()[0] == program]


def _parameters(kind: str, options: dict[str, str]) -> None:
    given = {key: value for key, value in options.items() if key not in OF_STEPS}
    resolve(kind, {"data": "digits", **given})


def _check_options(request: Request, **types: Any) -> NoReturn:
    unknown = request.options.keys() - types.keys()
    if unknown:
        raise UsageError(f"unknown: {unknown}")
    raise _UnderstoodError


def _understand(request: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    verb = request.verb
    if verb in (*STEPS, "profile"):
        return _parameters(request.words[0] if request.words else "classification", request.options)
    if verb == "models" and request.words[0] == "show":
        return _parameters("classification", {"model": request.words[1], **request.options})
    module, _, function = VERBS[verb].function.partition(":")
    if verb in ("lineage", "models"):
        assert request.options == {}
        return None
    monkeypatch.setattr(f"{module}.options", _check_options)
    with pytest.raises(_UnderstoodError):
        getattr(__import__(module, fromlist=[function]), function)(request, None)
    return None


def test_the_documents_hold_commands() -> None:
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", _beginning("tatara"))
def test_commands_are_understood(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command.replace("...", ""), comments=True)[1:]
    _understand(cli.request(words), monkeypatch)


@pytest.mark.parametrize("command", _beginning("mlflow"))
def test_parameters_of_mlflow_run_are_known(command: str) -> None:
    words = shlex.split(command)
    if words[1] == "run":
        given = dict(word.split("=", 1) for flag, word in pairwise(words) if flag == "-P")
        resolve("classification", given)


@pytest.mark.parametrize("command", _beginning("make"))
def test_make_targets_exist(command: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(command.split()[1:]) <= set(targets)


@pytest.mark.parametrize("command", QUICK)
def test_quick_commands_run(command: str, module_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command in COMMANDS
    assert cli.main(command.split()[1:]) == 0
    assert capsys.readouterr().out.strip()


def test_params_yaml_holds_known_parameters_in_sections_of_steps() -> None:
    sections = yaml.safe_load((ROOT / "params.yaml").read_text())
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    given: dict[str, Any] = {}
    for name, value in sections.items():
        if isinstance(value, dict):
            assert name in stages[name]["params"]
            given |= value
        else:
            given[name] = value
    resolve(given.pop("kind"), given)
    tracked = {name for stage in stages.values() for name in stage.get("params", ())}
    assert tracked == set(sections)
