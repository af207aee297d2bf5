"""How figures read, and where they lie: against values computed by hand."""

from datetime import UTC, datetime

import pytest

from registry.evidence import most_harm_first
from registry.web import charts
from registry.web.scales import Scale, mark, scale
from registry.web.words import ago, date, gist, number, percent, plain, points, size
from tatara.core.statistics import Interval
from tests.registry.cases import against, part


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(0.98883), "98.9 %"),
        (points(-0.0894), "−8.9"),
        (points(0.0), "+0.0"),
        (number(0.05181), "0.052"),
        (number(6e-07), "6.0e−07"),
        (number(12345.6), "12,346"),
        (number(None), "–"),
        (size(668_140), "668.1 kB"),
        (size(999), "999 B"),
        (size(2.5e9), "2.5 GB"),
        (plain("not_enough\x07_data\u202e"), "not enough data"),
        (plain("x" * 500), "x" * 400 + "…"),
        (date("2026-11-25T23:05:00Z"), "25 Nov 2026, 23:05 UTC"),
        (date("<b>"), "<b>"),
    ],
)
def test_figures_are_said_so(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-25T11:59:30Z", "just now"),
        ("2026-11-25T11:58:59Z", "1 minute ago"),
        ("2026-11-25T09:59:00Z", "2 hours ago"),
        ("2026-11-23T12:00:00Z", "2 days ago"),
        ("2026-11-10T12:00:00Z", "2 weeks ago"),
        ("2024-11-25T12:00:00Z", "2 years ago"),
        ("2027-01-01T00:00:00Z", "just now"),
        ("never", "never"),
    ],
)
def test_times_are_told_in_one_unit(at: str, expected: str) -> None:
    assert ago(at, datetime(2026, 11, 25, 12, tzinfo=UTC)) == expected


def test_a_list_leaves_out_what_its_rows_say_anyway() -> None:
    waits = "Not yet: it waits for 1 approval; all 10 gates passed. Not worse against digits/1"
    assert gist(waits) == "Not worse against digits/1"
    assert gist("Not yet: it waits for 2 approvals, its author overruled slices") == "Its author overruled slices"
    assert gist("No: rejected by bob: no") == "No: rejected by bob: no"


def test_a_scale_is_in_percent_and_its_ticks_are_round() -> None:
    on = Scale(0.9, 1.0)
    assert mark(on, Interval(value=0.95, low=0.92, high=1.2)) == charts.Mark(50.0, 20.0, 100.0)
    assert on.ticks(5) == [0.9, 0.92, 0.94, 0.96, 0.98, 1.0]
    assert scale([0.2, 0.4], air=0.1) == Scale(pytest.approx(0.18), pytest.approx(0.42))
    assert scale([0.99, 1.0], 0, 1, air=0.1).high == pytest.approx(1.001)
    assert scale([float("nan")]).low < scale([float("nan")]).high
    assert scale([0.5, 0.5]).low < 0.5 < scale([0.5, 0.5]).high


def test_slices_are_good_bad_doubtful_or_even_by_their_interval_and_the_test() -> None:
    rows = (
        part("8", (-0.1, -0.2, -0.03), 0.001),
        part("7", (-0.05, -0.1, 0.01), 0.4),
        part("6", (0.0, -0.01, 0.01), 1.0),
        part("5", (0.05, 0.01, 0.1), 1.0),
    )
    evidence = against(slices=rows)
    found = charts.slices(evidence.slices, evidence, margin=0.02, alpha=0.05)
    assert found is not None
    assert [one.tone for one in found.rows] == ["bad", "doubtful", "even", "good"]
    assert [one.said for one in found.rows] == ["−10.0", "−5.0", "+0.0", "+5.0"]
    assert found.margin is not None
    assert found.margin < found.zero
    strict = charts.slices(evidence.slices, evidence, margin=0.02, alpha=0.0005)
    assert strict is not None
    assert strict.rows[0].tone == "doubtful"


def test_the_largest_loss_comes_first_however_sure_a_smaller_one_is() -> None:
    rows = (
        part("bright", (-0.05, -0.07, -0.03), 0.0001), part("8", (-0.3, -0.5, -0.1), 0.02),
        part("3", (-0.2, -0.6, 0.2), 0.3), part("1", (-0.4, -0.9, 0.1), 0.6),
    )  # fmt: skip
    assert [one.value for one in most_harm_first(against(slices=rows).slices, 0.05)] == ["8", "bright", "3", "1"]
    assert [one.value for one in most_harm_first(against(slices=rows).slices, 0.001)] == ["bright", "8", "3", "1"]
