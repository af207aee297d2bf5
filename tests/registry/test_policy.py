"""The policies in the repository, and what is refused in one's own."""

from pathlib import Path

import pytest
import yaml

from registry import policy
from tatara.core.errors import TataraError
from tatara.core.files import sha256_file
from tests.registry.cases import use_policy


@pytest.mark.parametrize("path", sorted(policy.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_repositorys_policies_ask_nobody_and_have_the_gates_that_every_kind_has(path: Path) -> None:
    found = policy.load(path.stem)
    assert (found.name, found.digest, found.policy.approvals) == (path.stem, sha256_file(path), 0)
    names = [gate.gate for gate in found.policy.gates]
    assert {"validation", "leakage", "parity", "above_chance", "comparison", "slices", "latency", "memory"} <= set(
        names
    )


@pytest.mark.parametrize("kind", ["segmentation", "nothing", "../../etc/passwd", "", "classification.yaml"])
def test_a_kind_without_a_policy_of_its_own_has_the_default(kind: str) -> None:
    assert policy.load(kind).name == "default"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"approvals": 3}, "approvals"),
        ({"margin": 0}, "margin"),
        ({"margins": 0.1}, "margins"),
        ({"gates": [{"gate": "beauty"}]}, "gates.0"),
        ({"gates": [{"gate": "parity"}, {"gate": "parity"}]}, "gate parity is there twice"),
        ({"gates": [{"gate": "parity", "blocks": ["pass"]}]}, "gates.0.parity.blocks"),
    ],
)
def test_a_wrong_policy_is_one_line_with_file_and_field(tmp_path: Path, monkeypatch, changes: dict, said: str) -> None:
    monkeypatch.setenv("TATARA_POLICIES", "")
    path = use_policy(tmp_path, **changes)
    with pytest.raises(TataraError) as error:
        policy.load("detection")
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_policy_that_is_no_yaml_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_POLICIES", str(tmp_path))
    with pytest.raises(TataraError, match=r"default\.yaml: no policy there"):
        policy.load("detection")
    (tmp_path / "default.yaml").write_text("gates: [")
    with pytest.raises(TataraError, match=r"default\.yaml: not YAML"):
        policy.load("detection")


def test_the_digest_is_that_of_the_bytes() -> None:
    content = (policy.FOLDER / "default.yaml").read_text()
    assert policy.load("detection").policy == policy.Policy.model_validate(yaml.safe_load(f"# other bytes\n{content}"))
