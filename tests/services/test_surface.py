"""What the service says about itself."""

import re
from collections import Counter

import httpx

from services.app import PAGE, build_app
from services.engine import Engine
from services.launch import Service
from services.models import Models
from services.settings import Pin, Settings
from tatara.core.contract import Contract
from tatara.core.lineage import Chain
from tests.services.model_folder import plain


def value(metrics: str, name: str) -> float:
    """Sum of the samples of one name, labels and all."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name))


def test_alive_and_ready(http: httpx.Client) -> None:
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").json() == {"status": "ready"}


def test_the_header_is_the_digest_of_the_chain_that_is_told(http: httpx.Client) -> None:
    answer = http.get("/lineage")

    chain = Chain.model_validate(answer.json())
    chain.verify()
    assert [link.name for link in chain.links] == ["data", "version", "approval"]
    assert answer.headers["x-tatara-lineage"] == chain.digest
    assert http.get("/model").json()["lineage"] == chain.digest


def test_the_contract_is_told(http: httpx.Client) -> None:
    contract = Contract.model_validate(http.get("/model").json()["contract"])

    assert contract.labels == ("red", "green", "blue")


def test_metrics_count_requests_batches_and_refusals_by_rule(http: httpx.Client) -> None:
    before = http.get("/metrics").text
    http.post("/predict", files=[("files", ("a.png", plain(1, 2, 3)))] * 3)
    http.post("/predict", files=[("files", ("a.png", plain(1, 2, 3, side=1)))])
    after = http.get("/metrics").text

    grown = Counter(
        {
            name: value(after, name) - value(before, name)
            for name in (
                'tatara_requests_total{path="/predict",status="200"}',
                'tatara_requests_total{path="/predict",status="422"}',
                'tatara_refusals_total{rule="width_within"}',
                "tatara_examples_total",
                "tatara_batch_size_sum",
                'tatara_request_seconds_count{path="/predict"}',
            )
        }
    )
    assert list(grown.values()) == [1, 1, 1, 3, 3, 2]
    lineage = http.get("/readyz").headers["x-tatara-lineage"]
    assert (
        f'tatara_model_info{{lineage="{lineage}",name="colours",provider="CPUExecutionProvider",version="1"}} 1.0'
        in after
    )


def test_openapi_describes_what_is_there(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()

    assert http.get("/docs.json").json() == described
    for path, operations in described["paths"].items():
        known = operations.get("parameters", []) + operations.get("get", {}).get("parameters", [])
        asked = path.format(**{one["name"]: one["example"] for one in known})
        assert http.get(asked).status_code == (405 if "post" in operations else 200), asked
    served = {route.path for route in build_app(Models(Engine(Pin(PAGE), Settings()))).routes}
    assert served == set(described["paths"])
    assert set(described["paths"]["/predict"]["post"]["responses"]) >= {"200", "400", "413", "415", "422", "503"}
    references = set(re.findall(r"#/components/schemas/(\w+)", http.get("/openapi.json").text))
    assert references <= set(described["components"]["schemas"])
    answered = http.post("/predict", files=[("files", ("a.png", plain(1, 2, 3)))]).json()
    schemas = described["components"]["schemas"]
    assert set(answered) == set(schemas["Prediction"]["properties"])
    assert set(answered["answers"][0]) == set(schemas["Answer"]["properties"])


def test_the_page_needs_no_other_host(http: httpx.Client) -> None:
    page = http.get("/")
    names = re.findall(r'"/page/([\w.]+)"', page.text)

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert sorted(names) == ["page.css", "page.js"]
    names = sorted(path.name for path in PAGE.iterdir())
    for text in (page.text, *(http.get(f"/page/{name}").text for name in names)):
        assert not re.search(r"https?://", text)
        assert set(re.findall(r'from "/page/([\w.]+)"', text)) <= set(names)


def test_refusals_and_pages_carry_the_same_headers(http: httpx.Client, service: Service) -> None:
    wanted = {"x-tatara-model": "colours", "x-tatara-version": "1"}

    for path in ("/", "/nowhere", "/metrics", "/readyz"):
        assert wanted.items() <= dict(http.get(path).headers).items()
