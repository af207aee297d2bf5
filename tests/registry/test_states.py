"""Every state, act and role: what the table allows, and nothing else."""

from itertools import product

import pytest

from registry.states import ACTS, ROLES, STATES, Actor, follow
from tatara.core.errors import RefusedError

# By hand, apart from the table in the code: (from, act) -> (to, least role; None: whoever runs a pipeline).
ALLOWED = {
    (None, "register"): ("draft", None),
    ("draft", "check"): ("checked", None),
    ("checked", "check"): ("checked", None),
    ("in_review", "check"): ("checked", None),
    ("approved", "check"): ("checked", None),
    ("rejected", "check"): ("checked", None),
    ("checked", "submit"): ("in_review", "data_scientist"),
    ("in_review", "endorse"): ("in_review", "reviewer"),
    ("in_review", "approve"): ("approved", "reviewer"),
    ("in_review", "request_changes"): ("checked", "reviewer"),
    ("checked", "reject"): ("rejected", "reviewer"),
    ("in_review", "reject"): ("rejected", "reviewer"),
    ("approved", "reject"): ("rejected", "reviewer"),
    ("approved", "promote"): ("serving", "operator"),
    ("serving", "promote"): ("serving", "operator"),
    ("approved", "roll_back"): ("serving", "operator"),
    ("serving", "replace"): ("approved", "operator"),
    ("serving", "withdraw"): ("approved", "operator"),
    **{(state, "retire"): ("retired", "operator") for state in STATES if state != "retired"},
    **{(state, "comment"): (state, "data_scientist") for state in STATES},
    **{(state, "edit_card"): (state, "data_scientist") for state in STATES if state != "retired"},
}
BY_POLICY = {
    ("checked", "submit"), ("checked", "reject"), ("in_review", "approve"), ("approved", "promote"),
    ("serving", "promote"), ("serving", "replace"),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", [None, *STATES])
def test_every_role_in_every_state(state: str | None, act: str) -> None:
    expected = ALLOWED.get((state, act))
    for role in (None, *ROLES):
        actor = Actor("someone", role)
        least = expected[1] if expected else None
        may = expected is not None and (least is None or (role is not None and ROLES.index(role) >= ROLES.index(least)))
        if may:
            assert follow("m/1", state, act, actor).to == expected[0]
            continue
        with pytest.raises(RefusedError) as refusal:
            follow("m/1", state, act, actor)
        said = str(refusal.value)
        assert "\n" not in said
        assert "m/1" in said
        if expected is None:
            assert "is not possible; possible: " in said
            assert (state or "not in the registry").replace("_", " ") in said
        else:
            assert f"takes the role {least} at least" in said


@pytest.mark.parametrize(("state", "act"), list(product([None, *STATES], ACTS)))
def test_a_policy_does_what_it_may_and_no_more(state: str | None, act: str) -> None:
    policy = Actor("policy:default", policy=True)
    if (state, act) in BY_POLICY:
        assert follow("m/1", state, act, policy).to == ALLOWED[state, act][0]
    else:
        with pytest.raises(RefusedError):
            follow("m/1", state, act, policy)


def test_the_refusal_names_what_is_possible_with_its_roles() -> None:
    with pytest.raises(RefusedError) as refusal:
        follow("digits/3", "checked", "promote", Actor("olga", "operator"))
    assert str(refusal.value) == (
        "digits/3 is checked: promote is not possible; possible: check (anyone), submit (data_scientist), "
        "reject (reviewer), comment (data_scientist), card (data_scientist), retire (operator)"
    )
