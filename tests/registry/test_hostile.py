"""What somebody with a small role, or with the author's files, could try against the review."""

import os
import time
from pathlib import Path

import pytest

from registry import audit, auditing, review, users, versions
from registry.store import client, local_artifacts
from registry.words import LONGEST, written
from tatara import cli
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import digest, read_json, tree, write_json
from tests.registry.cases import NAME, against, checked, evidence, new_version, packaged, run_of, serving

ODD_NAMES = [
    "policy:classification",
    "POLICY:x",
    "bob\nanna",
    "bob\u202e",
    "b\x1b[2Job",
    "",
    " ",
    "a" * 300,
    "bo\0b",
    "x\udcff",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_whoever_runs_a_pipeline_is_nobody_else(store: Path, name: str) -> None:
    """The name of a runner is what the machine says; it is no policy's, no user's, and one line."""
    version = new_version(author="")
    checked(evidence(version=version), user=name)
    (act,) = [one for one in audit.acts(NAME, version) if one.act == "register"]
    assert act.role is None
    assert not act.user.startswith("policy:")
    assert act.user.isprintable()
    assert act.user not in ("", "bob")
    assert len(act.user) <= 128
    assert auditing.verify().problems == ()


@pytest.mark.parametrize("name", [*ODD_NAMES, "ｂob", "bоb", "../bob", "bob'--", "a" * 65])
def test_a_user_has_a_plain_name(store: Path, name: str) -> None:
    """No control characters, no bidirectional writing, no letters that look like others."""
    with pytest.raises(UsageError, match="is no user name"):
        users.add("root", name, "admin")


@pytest.mark.parametrize("name", ["bo\0b", "bob\0", "x\udcff", "bob\n", "b" * 10**6, "ｂob"])
def test_a_name_is_somebodys_or_nobodys(store: Path, name: str) -> None:
    users.redeem(users.link("root", "bob"), "correct horse battery")
    assert users.authenticate("bob", "correct horse battery") is not None
    if name.strip() != "bob":
        assert users.authenticate(name, "correct horse battery") is None
        assert users.find(name) is None
    version = new_version()
    checked(evidence(version=version))
    if name.strip() != "bob":
        with pytest.raises(TataraError) as error:
            review.comment(name, NAME, version, "hello")
        assert len(str(error.value)) < 300


@pytest.mark.parametrize("name", ["a\0b", "x\udcff", "'; DROP TABLE tatara_audit; --", "a" * 10**5, "a'b", "%", "a\nb"])
def test_a_model_of_an_odd_name_is_not_known_in_one_line(store: Path, name: str) -> None:
    for look in (
        lambda: review.record(name, "1"),
        lambda: review.history(name),
        lambda: review.approve("bob", name, "1", "good"),
        lambda: review.promote("olga", name, "1"),
        lambda: review.register("bob", name, "1"),
        lambda: versions.find(f"{name}/1"),
        lambda: versions.find(name),
    ):
        with pytest.raises(TataraError) as error:
            look()
        assert "tatara doctor" not in str(error.value)
        assert len(str(error.value)) < 500


@pytest.mark.parametrize("version", ["1\0", "x\udcff", "1; --", "٣", "-1", "9" * 400, "1\n"])
def test_a_version_that_is_no_number_is_not_known(store: Path, version: str) -> None:
    serving()
    with pytest.raises(TataraError) as error:
        review.record(NAME, version)
    assert len(str(error.value)) < 500


LINES = "fine\napproved    by carl on 2026-01-01: I looked\nstate       serving\r\n\x1b[2J\u202e\u2028x"


def test_what_is_written_does_not_look_like_what_was_done(one_reviewer: Path, monkeypatch, capsys) -> None:
    """A comment or a reason with lines in it begins no line of the page, and an error is one line."""
    version = new_version()
    checked(evidence(version=version))
    review.comment("anna", NAME, version, LINES)
    review.reject("bob", NAME, version, LINES)
    monkeypatch.setenv("TATARA_USER", "vera")
    assert cli.main(["review", "show", f"{NAME}/{version}"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith(("approved ", "state  "))] == [
        next(line for line in shown.splitlines() if line.startswith("state       rejected"))
    ]
    assert not set(shown) & set("\x1b\u202e\u2028\r")
    assert cli.main(["review", "list", "all=true"]) == 0
    assert len(capsys.readouterr().out.splitlines()) <= 3
    monkeypatch.setenv("TATARA_USER", "olga")
    assert cli.main(["review", "promote", f"{NAME}/{version}"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_an_error_does_not_reach_the_terminals_controls(store: Path, capsys) -> None:
    assert cli.main(["review", "show", "\x1b[2J\u202ea\nb/1"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not set(said) & set("\x1b\u202e")


def test_what_is_written_has_an_end_before_it_is_read() -> None:
    began = time.perf_counter()
    with pytest.raises(UsageError, match=f"at most {LONGEST}"):
        written("x" * 50_000_000, "reason")
    assert time.perf_counter() - began < 0.5


def test_a_bento_from_elsewhere_is_not_promoted(store: Path, tmp_path: Path) -> None:
    """The package's record lies with the run, where its author can write."""
    version = new_version()
    checked(evidence(version=version))
    packaged(version)
    run_id = run_of(version)
    record = local_artifacts(run_id, "package/package.json")
    honest = read_json(record)
    own = tmp_path / "mine" / "bentos" / NAME / version
    own.mkdir(parents=True)
    (own / "bento.yaml").write_text("evil")
    model = tmp_path / "mine" / "models" / NAME / version
    model.mkdir(parents=True)
    for path in tree(local_artifacts(run_id, "convert")):
        (model / path).write_bytes((local_artifacts(run_id, "convert") / path).read_bytes())
    inside = Path(honest["path"])
    for path in (own, inside / ".." / ".." / ".." / ".." / ".." / "mine" / "bentos" / NAME / version, own.parent):
        write_json(record, {**honest, "path": str(path), "sha256": digest(tree(path))})
        with pytest.raises(RefusedError, match="does not lie in the Bento store"):
            review.promote(None, NAME, version)
    link = inside.parent / "linked"
    link.symlink_to(own)
    write_json(record, {**honest, "path": str(link), "sha256": digest(tree(own))})
    with pytest.raises(RefusedError, match="does not lie in the Bento store"):
        review.promote(None, NAME, version)
    for broken in ({"path": 7}, {}, [], {**honest, "model": "../../x:y"}, {**honest, "model": None}):
        write_json(record, broken)
        with pytest.raises(RefusedError):
            review.promote(None, NAME, version)
    write_json(record, honest)
    assert review.promote(None, NAME, version).version == version


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "convert/../../x", "", "convert//x", "convert/a\0b", "./convert/x"]
)
def test_an_approval_is_bound_to_files_of_the_run_alone(store: Path, path: str) -> None:
    version = new_version()
    with pytest.raises(UsageError, match="is no file among the run's artifacts"):
        review.judge(NAME, version, evidence(version=version), {path: "0" * 64}, "anna")


def test_a_thing_that_is_no_file_counts_as_added(one_reviewer: Path) -> None:
    version = new_version()
    checked(evidence(version=version))
    os.mkfifo(local_artifacts(run_of(version), "convert") / "pipe")
    with pytest.raises(RefusedError, match="the model changed since: convert/pipe was added"):
        review.approve("bob", NAME, version, "good")


def test_bytes_that_are_swapped_between_the_check_and_the_move_are_not_served(store: Path, monkeypatch) -> None:
    """The release names digests, to which services hold what they fetch: what was swapped is not what it names."""
    from registry import releases

    serving()
    version = new_version()
    checked(against(version=version))
    packaged(version)
    model, move = store / "bentoml" / "models" / NAME / version / "model.onnx", releases.publish
    before = tree(model.parent)

    def swap(name: str, role: str) -> None:
        model.write_bytes(b"evil")
        move(name, role)  # type: ignore[arg-type]

    monkeypatch.setattr(releases, "publish", swap)
    release = review.promote("olga", NAME, version)
    files = {f"convert/{path}": sha for path, sha in before.items() if path != "contract.json"}
    assert release.digests["model"] == digest(files)
    assert tree(model.parent) != before
    with pytest.raises(RefusedError, match="is not what was approved"):
        review.promote("olga", NAME, version, "champion")


def test_a_link_that_is_none_costs_nothing(store: Path) -> None:
    """Passwords are hashed slowly and with much memory: not for whoever sends any token."""
    users.redeem(users.link("root", "bob"), "correct horse battery")
    began = time.process_time()
    for _ in range(20):
        with pytest.raises(RefusedError, match="this link was used"):
            users.redeem("x" * 43, "correct horse battery")
    assert (time.process_time() - began) / 20 < 0.02


def test_a_registered_version_of_anothers_run_is_his(one_reviewer: Path) -> None:
    version = new_version(author="Carl")
    review.register("bob", NAME, version)
    checked(evidence(version=version), user="bob")
    assert review.record(NAME, version).summary.author == "carl"
    with pytest.raises(RefusedError, match="carl is the author"):
        review.approve("carl", NAME, version, "good")
    assert client().get_model_version(NAME, version).run_id
