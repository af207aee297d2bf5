"""A detector and a classifier that is asked about what it found, as one declared model."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.ensemble import Graph, Step, read_graph, refuse_unserved
from services.rollout.deployment import Deployment
from services.rollout.starting import prepare
from tatara.core.contract import Bound
from tatara.core.errors import UsageError
from tests.services.images import encoded, scene
from tests.services.in_process import following
from tests.services.model_folder import LABELS, write_converted
from tests.services.rollout.published import Published, until

FILE = """
name: pets
detector: {model: objects, options: {score: 0.4}}
classifier: {model: colours, options: {top: 2}}
margin: 0.0
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Published, Deployment]]:
    root = tmp_path_factory.mktemp("ensemble")
    objects, colours = Published(root / "objects", "objects"), Published(root / "colours")
    objects.make("1", LABELS, kind="detection")
    for version in ("1", "2"):
        colours.make(version, tuple(f"{label}-{version}" for label in LABELS))
    deployments = []
    for one in (objects, colours):
        one.publish("1")
        deployments.append(one.deployment(root / "deployments" / one.name))
        prepare(deployments[-1])
    path = root / "pets.yaml"
    path.write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TATARA_ENSEMBLE", str(path))
        with following(*deployments) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            yield client, colours, deployments[1]


SCENE = encoded(scene().resize((400, 240), 0))
"""Red up to column 250 of 400, then blue."""


def ask(http: httpx.Client, query: str = "") -> httpx.Response:
    return http.post(f"/ensembles/pets/predict{query}", content=SCENE, headers={"content-type": "image/png"})


def test_each_object_is_classified_and_both_lineages_are_told(served) -> None:
    http, _, _ = served
    body = ask(http).json()
    assert body["ensemble"] == "pets"
    assert [(one["name"], one["version"], len(one["lineage"])) for one in body["models"]] == [
        ("objects", "1", 64), ("colours", "1", 64)
    ]  # fmt: skip
    (answer,) = body["answers"]
    assert (answer["width"], answer["height"], answer["threshold"]) == (400, 240, 0.4)
    found = {one["label"]: one for one in answer["objects"]}
    assert found["red"]["classified"]["label"] == "red-1"
    assert found["blue"]["classified"]["label"] == "blue-1"
    assert [len(one["classified"]["top"]) for one in answer["objects"]] == [2, 2]
    alone = http.post("/predict?score=0.4", content=SCENE, headers={"content-type": "image/png"}).json()["answers"][0]
    assert [(one["label"], one["box"]) for one in alone["objects"]] == [
        (one["label"], one["box"]) for one in answer["objects"]
    ]


def test_a_request_may_ask_the_detector_for_less(served) -> None:
    http, _, _ = served
    (answer,) = ask(http, "?classes=blue").json()["answers"]
    assert [one["label"] for one in answer["objects"]] == ["blue"]
    (answer,) = ask(http, "?score=0.99").json()["answers"]
    assert (answer["objects"], answer["threshold"]) == ([], 0.99)
    refused = ask(http, "?nonsense=1")
    assert (refused.status_code, refused.json()["rule"]) == (422, "parameter")
    broken = http.post("/ensembles/pets/predict", content=b"none", headers={"content-type": "image/png"})
    assert (broken.status_code, broken.json()["rule"]) == (400, "decode")
    assert http.post("/ensembles/other/predict").status_code == 404


def test_its_models_are_addressed_by_version_and_swapped_under_it(served) -> None:
    http, colours, deployment = served
    assert http.get("/v2/models/colours/versions/1").json()["name"] == "colours"
    colours.publish("2")
    until(deployment, lambda one: one.serving.version == "2")
    body = ask(http).json()
    assert body["models"][1]["version"] == "2"
    assert {one["classified"]["label"] for one in body["answers"][0]["objects"]} == {"red-2", "blue-2"}
    assert http.get("/v2/models/colours").json()["versions"] == ["1", "2"]
    assert http.get("/v2/models/colours/versions/1/ready").status_code == 200
    assert http.get("/v2/models/colours/versions/7/ready").status_code == 404


def test_a_bound_of_the_classifier_is_named_beside_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects, colours = Published(tmp_path / "objects", "objects"), Published(tmp_path / "colours")
    objects.make("1", LABELS, kind="detection")
    bounds = (Bound(rule="width_within", column="width", minimum=2, maximum=200),)
    colours.make("1", LABELS)
    write_converted(colours.model("1"), bounds)
    colours.pack("1")
    deployments = []
    for one in (objects, colours):
        one.publish("1")
        deployments.append(one.deployment(tmp_path / "deployments" / one.name))
        prepare(deployments[-1])
    (tmp_path / "pets.yaml").write_text(FILE)
    monkeypatch.setenv("TATARA_ENSEMBLE", str(tmp_path / "pets.yaml"))
    with following(*deployments) as url, httpx.Client(base_url=url, trust_env=False) as http:
        (answer,) = ask(http).json()["answers"]
    found = {one["label"]: one for one in answer["objects"]}
    assert found["blue"]["classified"]["label"] == "blue"
    assert found["red"]["classified"] is None
    assert found["red"]["refused"].startswith("width_within")


@pytest.mark.parametrize("text", ["", "name: pets", FILE + "more: 1", "name: ../pets\n", "{", FILE.replace("0.0", "7")])
def test_a_file_that_declares_nothing_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"graph.yaml: no ensemble \([^\n]*\)$"):
        read_graph(path)
    with pytest.raises(UsageError, match="No such file"):
        read_graph(tmp_path / "none.yaml")


def test_what_it_needs_must_be_served() -> None:
    graph = Graph(name="pets", detector=Step(model="objects"), classifier=Step(model="colours"))
    refuse_unserved(graph, ["colours", "objects"])
    with pytest.raises(UsageError, match="needs colours, which is not served here"):
        refuse_unserved(graph, ["objects"])
