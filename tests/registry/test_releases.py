"""Champion and canary: who takes the role, what is published, and an alias that somebody moved behind the review."""

import json
from pathlib import Path

import pytest

from registry import auditing, channel, review
from registry.channel import folder
from registry.keys import folder as keys
from registry.store import client
from tatara import cli
from tatara.core.envelope import opened, public_key
from tatara.core.errors import RefusedError
from tatara.core.release import KIND, Release, ReleaseRole, place_in_channel
from tests.registry.cases import NAME, against, checked, new_version, packaged, part, run_of, serving


@pytest.fixture
def approved(store: Path) -> tuple[str, str]:
    """Two approved and packaged versions, beside the champion 1."""
    serving()
    found = [new_version(), new_version()]
    for version in found:
        checked(against(version=version))
        packaged(version)
    return found[0], found[1]


def alias(role: str) -> str | None:
    return channel.found_alias(NAME, role)  # type: ignore[arg-type]


def published(role: ReleaseRole) -> Release:
    """As a service reads it: from the channel, with the public key alone."""
    content = (folder() / place_in_channel(NAME, role)).read_bytes()
    return opened(content, KIND, Release, public_key(keys() / "signing.pub"))


def state(version: str) -> str:
    return review.record(NAME, version).summary.state


def test_a_canary_is_named_beside_the_champion(approved: tuple[str, str], monkeypatch, capsys) -> None:
    version = approved[0]
    monkeypatch.setenv("TATARA_USER", "olga")
    assert cli.main(["review", "promote", f"{NAME}/{version}", "role=canary", "reason=one in ten"]) == 0
    assert f"the canary of {NAME} is {NAME}/{version}, by release 2" in capsys.readouterr().out
    assert (alias("champion"), alias("canary")) == ("1", version)
    release = published("canary")
    assert (release.version, release.role, release.sequence, release.by) == (version, "canary", 2, "olga")
    assert release.reason == "one in ten"
    assert Path(str(release.place)).is_dir()
    approvals = [act.digest for act in review.record(NAME, version).acts if act.act == "approve"]
    assert list(release.approval) == approvals
    assert (published("champion").version, published("champion").sequence) == ("1", 1)
    assert review.record(NAME, version).summary.roles == ("canary",)
    assert review.reconcile() == ()


def test_what_its_author_overruled_takes_no_champions_place_by_the_policy(store: Path) -> None:
    """Its author's word alone would let a model serve that the gates stop."""
    serving()
    version = new_version()
    lost = (part("8", (-0.2, -0.3, -0.1), 0.001),)
    assert checked(against(version=version, slices=lost), forced=True).summary.state == "approved"
    packaged(version)
    with pytest.raises(RefusedError, match="a gate blocks .* an operator lets it take the place of colours/1"):
        review.promote(None, NAME, version)
    assert (alias("champion"), state(version)) == ("1", "approved")
    assert review.promote("olga", NAME, version).version == version
    assert alias("champion") == version


def test_another_canary_takes_its_place(approved: tuple[str, str]) -> None:
    first, second = approved
    review.promote("olga", NAME, first, "canary")
    review.promote("olga", NAME, second, "canary")
    assert (state(first), state(second), alias("canary")) == ("approved", "serving", second)
    assert review.record(NAME, first).acts[0].detail == {"by": second, "role": "canary"}
    assert review.promote("olga", NAME, second, "canary").sequence == published("canary").sequence == 3
    assert auditing.verify().problems == ()


def test_a_canary_ends(approved: tuple[str, str], monkeypatch, capsys) -> None:
    version = approved[0]
    review.promote("olga", NAME, version, "canary")
    monkeypatch.setenv("TATARA_USER", "olga")
    assert cli.main(["review", "withdraw", NAME, "reason=more errors at night"]) == 0
    assert f"the canary of {NAME} is empty, by release 3" in capsys.readouterr().out
    assert (alias("canary"), alias("champion"), state(version)) == (None, "1", "approved")
    release = published("canary")
    assert (release.version, release.place, release.digests, release.sequence) == (None, None, {}, 3)
    with pytest.raises(RefusedError, match="has no canary"):
        review.withdraw("olga", NAME, "again")
    assert review.reconcile() == ()
    assert auditing.verify().problems == ()


def test_a_canary_becomes_the_champion_and_its_place_is_empty(approved: tuple[str, str]) -> None:
    version = approved[0]
    review.promote("olga", NAME, version, "canary")
    review.promote("olga", NAME, version)
    assert (alias("champion"), alias("canary")) == (version, None)
    assert (published("champion").version, published("canary").version) == (version, None)
    assert (state(version), state("1")) == ("serving", "approved")
    with pytest.raises(RefusedError, match="is the champion; a canary is another version beside it"):
        review.promote("olga", NAME, version, "canary")
    review.roll_back("olga", NAME, "1", "wrong on the new cameras")
    assert (alias("champion"), published("champion").version) == ("1", "1")
    assert auditing.verify().problems == ()


def test_a_retired_canary_serves_no_more(approved: tuple[str, str]) -> None:
    version = approved[0]
    review.promote("olga", NAME, version, "canary")
    review.retire("olga", NAME, version, "the camera is gone")
    assert (alias("canary"), published("canary").version, state(version)) == (None, None, "retired")
    with pytest.raises(RefusedError, match="is retired: promote is not possible|is not approved: it is retired"):
        review.promote("olga", NAME, version, "canary")


@pytest.mark.parametrize("role", ["champion", "canary"])
def test_what_is_not_approved_or_not_packaged_takes_no_role(store: Path, role: ReleaseRole) -> None:
    serving()
    version = new_version()
    with pytest.raises(Exception, match="knows no colours/2"):
        review.promote("olga", NAME, version, role)
    checked(against(version=version))
    with pytest.raises(RefusedError, match=f"is not packaged; run `tatara package workspace={run_of(version)}`"):
        review.promote("olga", NAME, version, role)
    packaged(version)
    for user in ("vera", "anna", "bob"):
        with pytest.raises(RefusedError, match="takes the role operator at least"):
            review.promote(user, NAME, version, role)
    review.reject("bob", NAME, version, "no")
    with pytest.raises(RefusedError, match="rejected by bob"):
        review.promote("olga", NAME, version, role)
    assert alias("canary") is None
    assert review.reconcile() == ()


@pytest.mark.parametrize("role", ["champion", "canary"])
def test_an_alias_that_somebody_moved_is_found_and_put_back(approved: tuple[str, str], role: str, capsys) -> None:
    first, second = approved
    review.promote("olga", NAME, first, "canary")
    was = alias(role)
    client().set_registered_model_alias(NAME, role, second)
    assert cli.main(["review", "reconcile"]) == 3
    assert f"{NAME}@{role} is {second}, the registry decided {was}" in capsys.readouterr().out
    (mended,) = review.reconcile("olga", fix=True)
    assert mended.mended
    assert (alias(role), review.reconcile()) == (was, ())
    act = auditing.audit.acts()[0]
    assert (act.act, act.user, act.detail["found"], act.detail["should"]) == ("reconcile", "olga", second, was)


def test_a_canary_that_nobody_named_and_one_that_was_taken_away_are_found(approved: tuple[str, str]) -> None:
    client().set_registered_model_alias(NAME, "canary", approved[0])
    (found,) = review.reconcile()
    assert (found.role, found.what, found.should, found.found) == ("canary", "alias", None, approved[0])
    review.reconcile("olga", fix=True)
    assert alias("canary") is None
    review.promote("olga", NAME, approved[0], "canary")
    client().delete_registered_model_alias(NAME, "canary")
    (found,) = review.reconcile()
    assert (found.should, found.found) == (approved[0], None)
    for user in ("bob", "vera"):
        with pytest.raises(RefusedError, match="takes the role operator"):
            review.reconcile(user, fix=True)


def test_a_record_that_was_changed_in_the_channel_is_found_and_put_back(approved: tuple[str, str]) -> None:
    review.promote("olga", NAME, approved[0], "canary")
    path = folder() / place_in_channel(NAME, "canary")
    before = path.read_text()
    for content in (before.replace('"payload":"', '"payload":"AA', 1), "", json.dumps({}), None):
        path.unlink() if content is None else path.write_text(content)
        (found,) = review.reconcile()
        assert (found.role, found.what) == ("canary", "channel")
        review.reconcile("olga", fix=True)
        assert path.read_text() == before
    (folder() / place_in_channel(NAME, "champion")).write_text(before)  # a genuine record in another one's place
    (found,) = review.reconcile()
    assert (found.role, found.found) == ("champion", f"{approved[0]} of release 2")


def test_a_bento_that_is_not_what_was_approved_is_not_promoted(approved: tuple[str, str], store: Path) -> None:
    version = approved[0]
    model = store / "bentoml" / "models" / NAME / version / "model.onnx"
    model.write_bytes(b"other")
    with pytest.raises(RefusedError, match="is not what was approved; package it again"):
        review.promote("olga", NAME, version, "canary")
    packaged(version)
    (store / "bentoml" / "bentos" / NAME / version / "service.py").write_text("import os")
    with pytest.raises(RefusedError, match="is not what was packaged"):
        review.promote("olga", NAME, version, "canary")
    assert run_of(version)
