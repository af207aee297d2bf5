"""What is said of a package: the card, the bill of materials and the provenance, held to independent readers."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from pipelines.lineage.verify import verify
from pipelines.packaging.papers import FILES
from pipelines.stages import check, package
from pipelines.workspace import Workspace
from registry import review, users
from registry.signed import sign_version
from registry.signing import make_keys
from registry.store import client, local_artifacts
from services.launch import launch
from tatara.cli import main
from tatara.core.client import Client
from tatara.core.envelope import private_key
from tatara.core.files import read_json, sha256_file, tree, write_bytes
from tests.pipelines.stages.coloured import evaluated, make_colours, parameters, registered
from tests.registry.carded import parsed

GIVEN = parameters("classification", weights="parent", tune="all")


@pytest.fixture(scope="module")
def workspace(module_project: Path) -> Workspace:
    """A version that was packaged: its run began with the weights of another and came from a commit."""
    make_colours(module_project, "classification", 12)
    parent = evaluated(module_project, "parent", parameters("classification"))
    write_bytes(parent.path / "train" / "model.weights.h5", b"weights of the parent")
    lock = sha256_file(module_project / "requirements" / "train.txt")
    found = registered(module_project, "child", GIVEN, git_commit=commit(module_project), lock_sha256=lock)
    client().set_terminated(found.run_id, end_time=1_800_000_061_000)
    check.run(found, GIVEN)
    package.run(found, GIVEN)
    return found


@pytest.fixture(scope="module")
def store(workspace: Workspace, module_project: Path) -> Path:
    return module_project / ".tatara" / "bentoml"


@pytest.fixture(scope="module")
def model(store: Path) -> Path:
    return store / "models" / "colours" / "1"


def commit(project: Path) -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def stated(model: Path) -> dict[str, Any]:
    envelope = read_json(model / "provenance.intoto.json")
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found


@contextmanager
def changed(path: Path, content: bytes | None) -> Iterator[None]:
    """The file is another inside the block, or gone, or one where there was none."""
    before = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)


def test_the_seal_covers_them_the_chain_holds_and_it_is_served(
    workspace: Workspace, model: Path, store: Path, tmp_path: Path
) -> None:
    sealed = read_json(model / "manifest.json")
    assert {name: sealed[name] for name in FILES} == {name: sha256_file(model / name) for name in FILES}
    copied = local_artifacts(workspace.run_id, "package")
    assert {name: sha256_file(copied / name) for name in FILES} == {name: sealed[name] for name in FILES}
    chain = verify("colours/1")
    assert {f"models/colours/1/{name}" for name in FILES} <= chain.link("bento").artifacts.keys()
    with launch("colours:1", store, tmp_path / "log") as service, Client(service.url) as asked:
        assert asked.model == ("colours", "1")
    verify("colours/1")


def test_packaging_again_gives_the_same_until_the_card_is_edited(workspace: Workspace, model: Path) -> None:
    first = tree(model)

    package.run(workspace, GIVEN)
    again = tree(model)
    assert {path for path in first | again if first.get(path) != again.get(path)} <= {"model.yaml"}  # BentoML's, dated

    users.add("ana", "ana", "admin")
    review.edit_card("ana", "colours", "1", "limits", "Never at <night>.")
    package.run(workspace, GIVEN)
    assert "Never at &lt;night&gt;." in (model / "README.md").read_text()
    differing = {path for path, sha in tree(model).items() if first.get(path) != sha}
    assert differing <= {"model.yaml", "manifest.json", *FILES}
    assert {"manifest.json", *FILES} <= differing
    verify("colours/1")
    (learned,) = [one for one in read_json(model / "sbom.cdx.json")["components"] if "modelCard" in one]
    assert learned["modelCard"]["considerations"] == {"technicalLimitations": ["Never at <night>."]}


def test_the_card_is_the_registrys(model: Path) -> None:
    text = (model / "README.md").read_text()

    assert text == review.card("colours", "1").text
    front, page = parsed(text)
    assert front["model-index"][0]["results"][0]["dataset"]["name"] == "colours"
    assert "It started from the weights of parent" in page.text
    assert "36 to measure on" in page.text


def test_the_bill_is_valid_and_has_every_pin_of_the_lock(model: Path, module_project: Path) -> None:
    text = (model / "sbom.cdx.json").read_text()
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"approach"', '"aproach"')) is not None

    bill = json.loads(text)
    lock = (module_project / "requirements" / "serve.txt").read_text()
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==([^ ]+)", lock, re.MULTILINE)
    libraries = [one for one in bill["components"] if one["type"] == "library"]
    assert sorted((one["name"], one["version"]) for one in libraries) == sorted(pins)
    assert sum(len(one["hashes"]) for one in libraries) == lock.count("--hash=sha256:")
    numpy = next(one for one in libraries if one["name"] == "numpy" and "3.12" in one["properties"][0]["value"])
    block = lock.partition(f"numpy=={numpy['version']} ")[2].partition("# via")[0]
    assert {one["content"] for one in numpy["hashes"]} == set(re.findall(r"[0-9a-f]{64}", block))
    assert numpy["purl"] == f"pkg:pypi/numpy@{numpy['version']}"
    starlette = next(one for one in libraries if one["name"] == "starlette")
    assert starlette["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]
    known = {one["bom-ref"] for one in bill["components"]}
    graph = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert {ref for refs in graph.values() for ref in refs} == known, "everything is wanted by something"
    assert "pkg:pypi/anyio" in str(graph[starlette["bom-ref"]])


def test_the_bill_has_the_model_with_its_card_and_the_dataset(model: Path) -> None:
    components = read_json(model / "sbom.cdx.json")["components"]
    (learned,) = [one for one in components if one["type"] == "machine-learning-model"]
    (data,) = [one for one in components if one["type"] == "data"]

    assert learned["hashes"] == [{"alg": "SHA-256", "content": sha256_file(model / "model.onnx")}]
    card = learned["modelCard"]
    assert card["modelParameters"]["task"] == "classification"
    assert card["modelParameters"]["modelArchitecture"] == "small_cnn"
    assert card["modelParameters"]["datasets"] == [{"ref": data["bom-ref"]}]
    assert card["modelParameters"]["outputs"] == [{"format": "probabilities: 3"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "above_chance", "value": "0.5", "confidenceInterval": {"lowerBound": "0.4", "upperBound": "0.6"}}
    ]
    assert data["hashes"] == [
        {"alg": "SHA-256", "content": client().get_model_version("colours", "1").tags["tatara.revision"]}
    ]
    assert data["licenses"] == [{"license": {"name": "CC0"}}]
    assert {"name": "tatara:source", "value": "drawn by a test"} in data["properties"]
    assert {"name": "files of train: green", "value": "12"} in data["data"][0]["contents"]["properties"]


def test_the_statement_is_in_totos_and_slsas_and_its_signature_holds(
    model: Path, store: Path, module_project: Path, workspace: Workspace
) -> None:
    envelope, statement = read_json(model / "provenance.intoto.json"), stated(model)
    body, (one,) = base64.b64decode(envelope["payload"]), envelope["signatures"]
    key: Any = load_pem_public_key((module_project / ".tatara" / "registry" / "signing.pub").read_bytes())
    kind = b"application/vnd.in-toto+json"
    key.verify(base64.b64decode(one["sig"]), b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body))

    Statement.copy_from_pb(json_format.Parse(body, statement_pb2.Statement())).validate()
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    json_format.ParseDict(statement["predicate"], provenance_pb2.Provenance())
    subject = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    ours = {f"models/colours/1/{path}": sha for path, sha in tree(model).items()}
    for path in ("provenance.intoto.json", "manifest.json", "model.yaml"):
        del ours[f"models/colours/1/{path}"]
    bento = {f"bentos/colours/1/{path}": sha for path, sha in tree(store / "bentos" / "colours" / "1").items()}
    code = {path: sha for path, sha in bento.items() if "/src/" in path or path.endswith("python/requirements.txt")}
    made_at_build = {"bentos/colours/1/src/pin.json", "bentos/colours/1/src/bentofile.yaml"}
    assert subject == ours | {path: sha for path, sha in code.items() if path not in made_at_build}


def test_the_statement_says_what_the_run_was(model: Path, module_project: Path, workspace: Workspace) -> None:
    build, run = (stated(model)["predicate"][part] for part in ("buildDefinition", "runDetails"))
    requirements = module_project / "requirements"

    assert build["externalParameters"] == GIVEN.model_dump(mode="json")
    found = {one["name"]: one["digest"] for one in build["resolvedDependencies"]}
    assert found == {
        "code": {"gitCommit": commit(module_project)},
        "data/colours": {"sha256": client().get_model_version("colours", "1").tags["tatara.revision"]},
        "requirements/train.txt": {"sha256": sha256_file(requirements / "train.txt")},
        "requirements/serve.txt": {"sha256": sha256_file(requirements / "serve.txt")},
        "weights=parent": {"sha256": "5b41ef7f09173d7929a9937cbd6d31c0a06124bf982417a344729e08c9d2807c"},
    }  # fmt: skip
    assert run["metadata"]["invocationId"] == workspace.run_id
    assert run["metadata"]["finishedOn"] == "2027-01-15T08:01:01Z"
    assert run["metadata"]["startedOn"].endswith("Z")


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("models/colours/1/model.onnx", "was changed"),
        ("models/colours/1/README.md", "was changed"),
        ("models/colours/1/sbom.cdx.json", "is missing"),
        ("models/colours/1/.hidden", "was added"),
        ("models/colours/1/manifest.json", "was changed"),
        ("bentos/colours/1/src/services/app.py", "was changed"),
        ("bentos/colours/1/src/tatara/core/added.py", "was added"),
        ("bentos/colours/1/src/added.py", "was added"),
        ("bentos/colours/1/src/pin.json", "names another model"),
        ("bentos/colours/1/env/python/requirements.txt", "is missing"),
    ],
)
def test_what_is_not_as_stated_is_refused(
    model: Path, store: Path, path: str, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(model / "provenance.intoto.json")]) == 0
    capsys.readouterr()

    with changed(store / path, None if how == "is missing" else b"{}"):
        assert main(["verify", str(model / "provenance.intoto.json")]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert path in said
    assert how in said


def test_an_altered_statement_and_another_key_are_refused(
    model: Path,
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = model / "provenance.intoto.json"
    statement = stated(model)
    statement["predicate"]["runDetails"]["metadata"]["invocationId"] = "another"
    forged = {**read_json(file), "payload": base64.b64encode(json.dumps(statement).encode()).decode()}
    private_key(tmp_path / "other.pem")

    for content, key, said in (
        (json.dumps(forged).encode(), None, "the signature of the application/vnd.in-toto+json does not hold"),
        (b"{}", None, "not a signed application/vnd.in-toto+json"),
        (None, None, "missing; package the model again"),
        (file.read_bytes(), tmp_path / "other.pub", "is signed by another key than"),
    ):
        with changed(file, content):
            assert main(["verify", str(file), *([f"key={key}"] if key else [])]) == 3
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert f"{file}: " in line
        assert said in line


def test_a_version_is_verified_with_its_provenance(
    workspace: Workspace,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    private, _ = make_keys()
    sign_version("colours/1", private)
    assert main(["verify", "colours/1"]) == 0

    private_key(tmp_path / "other.pem")
    monkeypatch.setenv("TATARA_SIGNING_KEY", str(tmp_path / "other.pem"))
    capsys.readouterr()
    assert main(["verify", "colours/1"]) == 3
    assert f"{model / 'provenance.intoto.json'}: the application/vnd.in-toto+json is signed by another key" in (
        capsys.readouterr().err
    )
    monkeypatch.setenv("TATARA_SIGNING_KEY", str(tmp_path / "absent.pem"))
    assert main(["verify", "colours/1"]) == 1
    assert "absent.pub: no public key there" in capsys.readouterr().err
    assert not (tmp_path / "absent.pem").exists()
