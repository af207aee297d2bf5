"""The model card on a version's page: what it shows, who writes it, and that what is written stays text."""

import re
import sqlite3
from pathlib import Path

import pytest
from fastapi import FastAPI

from registry import review, users
from registry.card.prose import LONGEST, SECTIONS
from registry.card.records import Table
from registry.web.card import SHOWN, WHOLE, blocks, columns, folded
from tests.registry.carded import PAYLOADS, carded, section
from tests.registry.cases import NAME, checked, evidence
from tests.registry.web.test_hostile import ELEMENTS, Parsed
from tests.registry.web.visiting import send, visitor

AT = f"/models/{NAME}/versions"


@pytest.fixture(scope="module")
def version(people: Path) -> str:
    """Of anna, with everything that a card is made of."""
    made = carded("anna")
    checked(evidence(version=made))
    users.add("root", "mio", "data_scientist")
    return made


def part(page: str, name: str) -> str:
    """The HTML of one section of the card."""
    found = re.search(rf'id="card-{name}">(.*?)(<div class="part|</section>)', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_text_is_paragraphs_and_lists() -> None:
    assert blocks("one\ntwo\n\n- a\n- b\nafter\n\n\n- c") == ["one\ntwo", ["a", "b"], "after", ["c"]]
    assert blocks("") == []


def test_numbers_stand_at_the_right_and_long_tables_are_folded() -> None:
    table = Table(head=("class", "train", "of"), rows=(("1", "1,200", "x"), ("2", "-0.5", "7"), ("3", "", "8")))
    assert columns(table) == [False, True, False]
    assert folded(table) == (table.rows, ())
    first, rest = folded(Table(head=("a",), rows=(("x",),) * (WHOLE + 1)))
    assert (len(first), len(rest)) == (SHOWN, WHOLE + 1 - SHOWN)


def test_the_page_shows_every_section_with_its_tables(app: FastAPI, version: str) -> None:
    page = visitor(app, "vera").get(f"{AT}/{version}").text
    card = review.card(NAME, version)
    assert re.findall(r'id="card-(\w+)"', page) == [one.name for one in card.sections]
    assert "102 images, of which 80 to train on" in part(page, "data")
    assert '<th scope="row">red</th><td class="number">4</td>' in part(page, "data")
    assert '<td class="number">0.0500</td>' in part(page, "calibration")
    assert f"{'c' * 40}, and changes that were not committed" in part(page, "origin")
    assert "<pre><code>tatara run" in part(page, "training")


def test_author_and_reviewer_write_it_and_history_and_section_say_who(app: FastAPI, version: str) -> None:
    anna, bob = visitor(app, "anna"), visitor(app, "bob")
    answer = send(anna, f"{AT}/{version}/card/limits", text="Not at night.\r\n\r\n- glass")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AT}/{version}#card-limits")
    assert send(bob, f"{AT}/{version}/card/licence", text="Apache 2.0").status_code == 303

    page = bob.get(f"{AT}/{version}").text
    assert "<p>Not at night.</p>" in part(page, "limits")
    assert "<li>glass</li>" in part(page, "limits")
    assert "Written by <b>anna</b>" in part(page, "limits")
    assert "Written by <b>bob</b>" in part(page, "licence")
    assert f'maxlength="{LONGEST}"' in part(page, "limits")
    assert page.count('<details class="edit">') == len(SECTIONS)
    assert "<b>bob</b> edited the card, licence: <q>Apache 2.0</q>" in page
    assert "license: apache-2.0" in page
    assert send(anna, f"{AT}/{version}/card/licence", text="").status_code == 303
    page = anna.get(f"{AT}/{version}").text
    assert "Cleared by <b>anna</b>" in part(page, "licence")
    assert '<b>anna</b> edited the card, licence: <span class="mute">cleared</span>' in page


def test_nobody_else_has_a_form_or_is_heard(app: FastAPI, version: str) -> None:
    before = review.card(NAME, version).sections
    for name, status, why in (
        ("vera", 403, "this takes the role data scientist, and vera is viewer"),
        ("mio", 409, f"the card of {NAME}/{version} is written by its author anna, and by reviewers"),
    ):
        client = visitor(app, name)
        answer = send(client, f"{AT}/{version}/card/limits", text="all is well")
        assert (answer.status_code, why in answer.text) == (status, True)
        assert 'class="edit"' not in client.get(f"{AT}/{version}").text
    assert why in part(answer.text, "limits"), "said where it was written"
    assert "the card is written by its author anna, and by reviewers" in client.get(f"{AT}/{version}").text
    assert review.card(NAME, version).sections == before


def test_what_is_refused_is_kept_in_the_form(app: FastAPI, version: str) -> None:
    answer = send(visitor(app, "anna"), f"{AT}/{version}/card/notes", text="y" * (LONGEST + 1))
    assert answer.status_code == 422
    assert f"notes has {LONGEST + 1} characters, at most {LONGEST}" in part(answer.text, "notes")
    assert '<details class="edit" open>' in part(answer.text, "notes")
    assert "y" * (LONGEST + 1) in part(answer.text, "notes")
    assert "y" * 9 not in answer.text.partition('id="h-card"')[0], "not as the reason of a decision"
    assert send(visitor(app, "anna"), f"{AT}/{version}/card/results", text="good").status_code == 422


def test_hostile_text_comes_out_dead(app: FastAPI, version: str) -> None:
    labels = tuple(f"{place} {payload}" for place, payload in enumerate(PAYLOADS) if payload.isascii())
    counts = {split: dict.fromkeys(labels, 1) for split in ("train", "valid", "test")}
    made = carded("anna", labels=labels, counts=counts, classes=labels, source=PAYLOADS[0], name=PAYLOADS[2])
    checked(evidence(version=made))
    client, size = visitor(app, "anna"), -(-len(PAYLOADS) // len(SECTIONS))
    for place, name in enumerate(SECTIONS):
        text = "\n\n".join(one for one in PAYLOADS[place * size : (place + 1) * size] if one != "\ud800<b>")
        assert send(client, f"{AT}/{made}/card/{name}", text=f"{text}\n\n</textarea><script>alert(1)</script>")

    parsed = Parsed(client.get(f"{AT}/{made}").text)
    assert (parsed.bad, parsed.elements["script"], set(parsed.elements) - ELEMENTS) == ([], 2, set())
    assert "</textarea><script>alert(1)</script>" in [one.strip() for one in parsed.words]


def test_an_edit_that_was_changed_in_the_log_hides_the_card_alone(app: FastAPI, version: str) -> None:
    made = carded("anna")
    checked(evidence(version=made))
    review.edit_card("anna", NAME, made, "limits", "never at night")
    assert section(review.card(NAME, made), "limits").by == "anna"
    store = next(Path.cwd().rglob("mlflow.db"))
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE tatara_audit SET detail = replace(detail, 'never at', 'also at')")
    connection.close()

    answer = visitor(app, "vera").get(f"{AT}/{made}")
    assert answer.status_code == 200
    assert "of the audit log was edited" in answer.text
    assert 'id="card-limits"' not in answer.text


def test_what_somebody_wrote_meanwhile_is_not_written_over_and_nothing_is_lost(app: FastAPI, version: str) -> None:
    anna, bob = visitor(app, "anna"), visitor(app, "bob")
    assert send(anna, f"{AT}/{version}/card/notes", text="first", instead_of="").status_code == 303
    assert send(bob, f"{AT}/{version}/card/notes", text="by bob", instead_of="first").status_code == 303

    answer = send(anna, f"{AT}/{version}/card/notes", text="second", instead_of="first")
    assert answer.status_code == 409
    assert "bob wrote this section meanwhile" in part(answer.text, "notes")
    assert ">second</textarea>" in part(answer.text, "notes")
    assert 'name="instead_of" value="by bob"' in part(answer.text, "notes")
    assert section(review.card(NAME, version), "notes").text == "by bob"
    assert send(anna, f"{AT}/{version}/card/notes", text="second", instead_of="by bob").status_code == 303
