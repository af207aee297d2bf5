"""What is counted is explained, in base units."""

import re

from services.metrics import REGISTRY
from tests.conftest import REPOSITORY


def test_every_metric_is_explained_to_operators() -> None:
    text = (REPOSITORY / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(tatara_\w+)` \|", text, re.M)
    names = {f"{one.name}_total" if one.type == "counter" else one.name for one in REGISTRY.collect()}
    assert sorted(rows) == sorted(names)


def test_units_are_base_units() -> None:
    for one in REGISTRY.collect():
        assert not re.search(r"_(ms|milliseconds|kb|mb|percent)(_|$)", one.name)
