"""The chain of digests: any change of any link is named."""

import json
from pathlib import Path

import pytest

from tatara.core.errors import RefusedError
from tatara.core.files import digest
from tatara.core.lineage import Chain, read_chain


def three_links() -> Chain:
    chain = Chain().then("data", {"name": "digits"}, {})
    chain = chain.then("run", {"run_id": "r"}, {"train/a": "0" * 64})
    return chain.then("approval", {"by": "policy"}, {})


def test_a_link_chains_the_digest_of_the_one_before() -> None:
    chain = three_links()
    first, second, third = chain.links
    assert first.previous is None
    assert second.previous == digest({"name": "data", "facts": {"name": "digits"}, "artifacts": {}, "previous": None})
    assert third.previous == second.digest
    assert chain.digest == third.digest


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_changed_fact_is_named(position: int, tmp_path: Path) -> None:
    record = json.loads(three_links().model_dump_json())
    record["links"][position]["facts"]["added"] = 1
    (tmp_path / "lineage.json").write_text(json.dumps(record))
    with pytest.raises(RefusedError, match=f"link '{record['links'][position]['name']}'"):
        read_chain(tmp_path / "lineage.json")


def test_removing_or_reordering_links_is_noticed(tmp_path: Path) -> None:
    for change in (lambda links: links.pop(0), lambda links: links.pop(1), lambda links: links.reverse()):
        record = json.loads(three_links().model_dump_json())
        change(record["links"])
        (tmp_path / "lineage.json").write_text(json.dumps(record))
        with pytest.raises(RefusedError, match="lineage: link"):
            read_chain(tmp_path / "lineage.json")


def test_a_truncated_record_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "lineage.json").write_text(three_links().model_dump_json()[:-20])
    with pytest.raises(RefusedError, match=r"lineage.json cannot be read") as refusal:
        read_chain(tmp_path / "lineage.json")
    assert "\n" not in str(refusal.value)
