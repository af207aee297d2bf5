"""The model card: what is generated, who may write the rest, and that no text is more than text."""

from pathlib import Path

import pytest

from registry import audit, auditing, review
from registry.card.markdown import readme
from registry.card.prose import LONGEST, SECTIONS
from registry.card.records import Section, Table
from registry.store import client
from tatara.cli import main
from tatara.core.errors import RefusedError, UsageError
from tests.registry.carded import ALLOWED, PAYLOADS, carded, parsed, section
from tests.registry.cases import NAME, checked, compared, cost, evidence, new_version, part, run_of, sql


def test_it_says_what_the_run_recorded(store: Path) -> None:
    version = carded()
    dark = part("dark", (-0.1, -0.2, 0), 0.5, column="brightness", challenger=0.4)
    checked(evidence(version=version, slices=(part("red", (-0.1, -0.2, 0), 0.5), dark), cost=cost(latency_ms=4.25)))

    card = review.card(NAME, version)
    front, page = parsed(card.text)

    assert front == card.front
    assert {key: front[key] for key in ("license", "license_name", "library_name", "pipeline_tag", "datasets")} == {
        "license": "other", "license_name": "not-stated", "library_name": "onnx",
        "pipeline_tag": "image-classification", "datasets": ["colours"],
    }  # fmt: skip
    (result,) = front["model-index"][0]["results"]
    assert result["task"]["type"] == "image-classification"
    assert result["dataset"] == {"type": "colours", "name": "colours", "split": "test", "revision": "7" * 64}
    assert result["metrics"][0] == {
        "type": "accuracy", "value": 0.9, "name": "accuracy (95 % interval 0.8000 to 0.9500)",
    }  # fmt: skip
    assert [one["type"] for one in result["metrics"]] == ["accuracy", "log_loss", "calibration_error"]
    weakest = [(one.part, one.value, one.low) for one in card.measures if one.part]
    assert weakest == [("brightness=dark", 0.4, None), ("label=red", 0.5, 0.2), ("label=green", 0.6, 0.2),
                       ("label=blue", 0.7, 0.2)]  # fmt: skip
    assert section(card, "data").table.rows[0] == ("red", "4", "4", "4")
    assert "102 images, of which 80 to train on" in page.text
    assert "Licence of the data: CC0" in page.text
    assert "Validation warned: distinct, 2 of 102 files." in page.text
    assert "decodes" not in page.text
    assert "16 pixels wide and 16 to 27 high" in page.text
    assert "3 epochs in 61 s on CPU: 2 x test; the weights are those of epoch 2" in page.text
    assert "One answer takes 4.25 ms" in page.text
    assert section(card, "training").code.endswith("flip=none 'mean=[0.0, 0.0, 0.0]' weights=none")
    assert ("commit", f"{'c' * 40}, and changes that were not committed") in section(card, "origin").table.rows
    assert ("calibration_error", "0.0500", "0.0100", "0.0900") in section(card, "calibration").table.rows
    assert page.headings == [f"{NAME}/{version}", *(one.title for one in card.sections)]


def test_what_is_not_recorded_is_left_out(store: Path) -> None:
    version = new_version()
    review.register("anna", NAME, version)

    front, page = parsed(review.card(NAME, version).text)

    assert "pipeline_tag" not in front
    assert "It was not measured" in page.text
    with pytest.raises(UsageError, match="knows no colours/99"):
        review.card(NAME, "99")


def test_the_gates_that_were_overruled_stand_in_it(store: Path, one_reviewer: Path) -> None:
    version = carded()
    checked(evidence(version=version, parity={"equal": False, "max_abs": 1.0, "examples": 9}), forced=True)

    text = section(review.card(NAME, version), "results").text
    assert "The gates of the policy default say, and its author overruled that: " in text
    assert "parity: TensorFlow and ONNX differ by 1.0e+00" in text


def test_the_comparison_with_the_champion_has_its_interval(store: Path) -> None:
    version = carded()
    checked(evidence(version=version, champion="7", comparison=(compared(0.01, -0.01, 0.03),)))

    text = section(review.card(NAME, version), "results").text
    assert (
        "Against version 7, on the same examples: accuracy 0.9100, 0.9000 there, which is +0.0100 [-0.0100, +0.0300]"
        in text
    )


def test_the_author_and_reviewers_write_prose_and_the_log_keeps_who(store: Path) -> None:
    version = carded("anna")
    checked(evidence(version=version))

    review.edit_card("anna", NAME, version, "limits", "Blurred images.\r\n\r\n- Night")
    card = review.edit_card("bob", NAME, version, "licence", "Apache 2.0")

    limits, licence = section(card, "limits"), section(card, "licence")
    assert (limits.text, limits.by, limits.editable) == ("Blurred images.\n\n- Night", "anna", True)
    assert (licence.text, licence.by) == ("Apache 2.0", "bob")
    assert card.front["license"] == "apache-2.0"
    assert parsed(card.text)[1].tags.count("li") == 1
    newest = audit.acts(NAME, version)[0]
    assert (newest.act, newest.user, newest.detail) == (
        "edit_card",
        "bob",
        {"section": "licence", "text": "Apache 2.0"},
    )
    assert limits.at == audit.acts(NAME, version)[1].at
    review.edit_card("bob", NAME, version, "licence", "Apache 2.0 ")
    assert audit.acts(NAME, version)[0] == newest, "the same text is no edit"
    cleared = review.edit_card("anna", NAME, version, "licence", "")
    assert (section(cleared, "licence").text, cleared.front["license"]) == ("", "other")
    assert review.record(NAME, version).summary.state == "approved"
    assert auditing.verify().problems == ()


def test_nobody_else_writes_it(store: Path) -> None:
    version = carded("someone")
    checked(evidence(version=version))

    with pytest.raises(RefusedError, match="is written by its author someone, and by reviewers"):
        review.edit_card("anna", NAME, version, "limits", "none")
    with pytest.raises(RefusedError, match="takes the role data_scientist at least, and vera is viewer"):
        review.edit_card("vera", NAME, version, "limits", "none")
    review.retire("olga", NAME, version, "old")
    with pytest.raises(RefusedError, match="is retired: edit card is not possible"):
        review.edit_card("bob", NAME, version, "limits", "none")


@pytest.mark.parametrize("name", ["what", "results", "data", "origin", "", "Limits"])
def test_what_is_generated_is_nobodys_to_write(store: Path, name: str) -> None:
    version = carded()
    review.register("anna", NAME, version)

    with pytest.raises(UsageError, match=f"no section that is written by hand; there are {', '.join(SECTIONS)}"):
        review.edit_card("anna", NAME, version, name, "all is well")


def test_prose_has_a_bound(store: Path) -> None:
    version = carded()
    review.register("anna", NAME, version)

    review.edit_card("anna", NAME, version, "notes", "x" * LONGEST)
    with pytest.raises(UsageError, match="notes has 4001 characters, at most 4000"):
        review.edit_card("anna", NAME, version, "notes", "x" * (LONGEST + 1))


def test_an_edit_that_was_changed_in_the_log_is_not_shown(store: Path) -> None:
    version = carded()
    review.register("anna", NAME, version)
    review.edit_card("anna", NAME, version, "limits", "never at night")
    sql("UPDATE tatara_audit SET detail = replace(detail, 'never', 'also') WHERE act = 'edit_card'")
    with pytest.raises(RefusedError, match="of the audit log was edited"):
        review.card(NAME, version)


def test_no_text_is_more_than_text(store: Path) -> None:
    """Labels, the data's description and prose hold each payload; the page has the same elements as without."""
    plain = carded(labels=tuple(f"label {place}" for place in range(len(PAYLOADS))))
    labels = tuple(f"{place} {payload}" for place, payload in enumerate(PAYLOADS) if payload.isascii())
    counts = {split: dict.fromkeys(labels, 1) for split in ("train", "valid", "test")}
    hostile = carded(
        labels=labels, counts=counts, classes=labels, source=PAYLOADS[0], citation="\n".join(PAYLOADS), name=PAYLOADS[9]
    )
    for version, words in ((plain, ["words"] * len(SECTIONS)), (hostile, _dealt())):
        checked(evidence(version=version, slices=(part("red", (-0.1, -0.2, 0), 0.5, column=words[0][:50]),)))
        for name, text in zip(SECTIONS, words, strict=True):
            review.edit_card("bob", NAME, version, name, text)

    card = review.card(NAME, hostile)
    front, page = parsed(card.text)

    assert set(page.tags) <= ALLOWED
    assert page.headings == [f"{NAME}/{hostile}", *(one.title for one in card.sections)]
    assert page.headings[1:] == parsed(review.card(NAME, plain).text)[1].headings[1:]
    assert front.keys() == {*parsed(review.card(NAME, plain).text)[0]}
    assert front["license"] == "other"
    for seen in ("<script>alert(1)</script>", "[x](javascript:alert(1))", "{{ 7*7 }}", "&lt;b&gt;", "*bold* _it_"):
        assert seen in page.text


def _dealt() -> list[str]:
    """The payloads, dealt to the sections."""
    size = -(-len(PAYLOADS) // len(SECTIONS))
    return ["\n\n".join(PAYLOADS[place * size : (place + 1) * size]) for place in range(len(SECTIONS))]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_alive_alone(payload: str) -> None:
    cells = Table(head=("a", payload), rows=((payload, "b"),))
    parts = (
        Section(name="one", title="One", text=payload, table=cells, code=payload),
        Section(name="two", title="Two", text=f"before\n{payload}\nafter"),
    )
    front, page = parsed(readme({"license": payload, "tags": [payload]}, payload, parts))

    assert set(page.tags) <= ALLOWED
    assert page.tags.count("h2") == 2
    assert (page.tags.count("td"), page.tags.count("th"), page.tags.count("code")) == (2, 2, 1)
    assert front.keys() == {"license", "tags"}
    assert front["license"].isprintable(), "on one line, so that no text can end the front matter"


def test_the_verb_prints_it_and_writes_a_section(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = carded()
    review.register("anna", NAME, version)
    monkeypatch.setenv("TATARA_USER", "anna")
    what, file = f"{NAME}/{version}", tmp_path / "limits.txt"
    file.write_text("Not at night.")

    assert main(["review", "card", what, "section=limits", f"file={file}"]) == 0
    assert main(["review", "card", what, "section=notes", "text=Ask Anna."]) == 0
    capsys.readouterr()
    assert main(["review", "card", what]) == 0
    printed = capsys.readouterr().out
    assert printed == review.card(NAME, version).text.rstrip() + "\n"
    assert "Not at night." in printed
    assert main(["review", "card", what, "text=x"]) == 2
    assert main(["review", "card", what, "section=limits"]) == 2
    assert main(["review", "card", what, "section=limits", f"file={tmp_path / 'none'}"]) == 2
    assert "cannot be read as UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["validate/dataset.json", "train/run.json", "validate/result.json",
                                  "evaluate/metrics.json", "evaluate/classes.json", "register/registration.json",
                                  "convert/contract.json", "convert/card.json"])  # fmt: skip
@pytest.mark.parametrize("content", ["", "[]", '{"files": 1, "rules": [1], "warnings": 3, "digests": 7, "a": NaN}'])
def test_records_that_somebody_broke_are_left_out(store: Path, path: str, content: str) -> None:
    version = carded()
    checked(evidence(version=version))
    client().log_text(run_of(version), content, path)

    card = review.card(NAME, version)
    assert parsed(card.text)[1].headings == [f"{NAME}/{version}", *(one.title for one in card.sections)]
    assert card.model_dump_json()


def test_figures_that_are_none_are_left_out(store: Path) -> None:
    version = carded()
    review.register("anna", NAME, version)
    client().log_text(run_of(version), '{"accuracy": {"value": NaN, "low": 0, "high": 1}}', "evaluate/metrics.json")

    assert {one.metric for one in review.card(NAME, version).measures} == {"recall"}
