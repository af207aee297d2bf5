"""The whole of it by the shell, with a real registry, real Bentos and a real server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipelines.packaging.bento import Release, build_bento
from registry import review
from registry.store import client, local_artifacts
from tatara import cli
from tatara.core.files import digest, tree, write_json
from tatara.verbs.deploy import deployment_of
from tests.registry.cases import NAME, against, checked, evidence, new_version, run_of
from tests.registry.conftest import migrated, server, store, team_store
from tests.services.model_folder import plain, write_chain, write_converted
from tests.services.rollout.published import until, words

__all__ = ["migrated", "server", "store", "team_store"]
IMAGE = {"content-type": "image/png"}


def version(root: Path, labels: tuple[str, ...]) -> str:
    """An approved and packaged version."""
    made = write_converted(root / "made" / labels[0], labels=labels)
    files = {path: (made / path).read_bytes() for path in tree(made)}
    found = new_version(files=files)
    checked(evidence(version=found) if found == "1" else against(version=found))
    run_id = run_of(found)
    release = Release(name=NAME, version=found, tag=f"{NAME}:{found}")
    chain = write_chain(root / "made" / "lineage.json")
    record = build_bento(release, local_artifacts(run_id, "convert"), chain, root / "bentoml")
    folder = root / "made" / f"package-{found}"
    write_json(folder / "package.json", {**record, "sha256": digest(tree(Path(record["path"])))})
    client().log_artifacts(run_id, str(folder), "package")
    return found


def shell(*words: str) -> tuple[int, dict]:
    """Exit code and JSON of a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tatara", *words, "--json"], stdout=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


@contextmanager
def deploying(*words: str) -> Iterator[str]:
    """`tatara deploy`, and the address that it prints."""
    command = [sys.executable, "-m", "tatara", "deploy", *words, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said.splitlines()[-1]) == (130, "tatara: interrupted"), "no stages were run"


@pytest.mark.slow
def test_deployed_followed_rolled_back_tried_and_promoted(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TATARA_USER", "olga")
    first, second = version(store, words("1")), version(store, words("2"))
    review.promote(None, NAME, first)

    def ask(url: str, **headers: str) -> bytes:
        answer = httpx.post(f"{url}/predict", content=plain(200, 9, 9), headers=IMAGE | headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.content

    with deploying(NAME) as url:
        deployment = deployment_of(NAME)
        before = ask(url)
        review.promote("olga", NAME, second, reason="better")
        until(deployment, lambda one: one.serving.version == second)
        assert json.loads(ask(url))["model"]["version"] == second

        code, told = shell("rollback", NAME, "reason=wrong at night")
        assert (code, told["version"], told["from"], told["registry"]) == (0, first, second, None)
        assert ask(url) == before
        assert review.history(NAME).champion == first
        code, told = shell("rollback", NAME)
        assert code == 3
        assert "was rolled back to 1 already (wrong at night)" in told["error"]
        code, told = shell("deploy", NAME, "follow=true", "--canary", "50%", "agreement=0.01")
        assert code == 0

        review.promote("olga", NAME, second, "canary", "again")
        until(deployment, lambda one: one.candidate is not None)
        code, told = shell("rollout", "status", NAME)
        assert (code, told["candidate"]["version"], told["trial"]["share"]) == (0, second, 0.5)
        answered = {json.loads(ask(url, **{"x-tatara-key": str(i)}))["model"]["version"] for i in range(40)}
        assert answered == {first, second}
        code, told = shell("rollout", "promote", NAME)
        assert (code, "not enough is known" in told["error"]) == (3, True)
        code, told = shell("rollout", "abort", NAME, "reason=enough")
        assert (code, told["registry"]) == (0, None)
        assert review.history(NAME).canary is None

        review.promote("olga", NAME, second, "canary", "once more")
        until(deployment, lambda one: one.candidate is not None)
        code, told = shell("rollout", "promote", NAME, "force=true", "reason=looked at by hand")
        assert (code, told["version"]) == (0, second)
        assert review.history(NAME).champion == second
        assert json.loads(ask(url))["model"]["version"] == second

        code, told = shell("status", NAME)
        (one,) = told["deployments"]
        assert (one["running"], one["url"], one["status"]["serving"]["version"]) == (True, url, second)
        events = [event["event"] for event in reversed(one["history"])]
        assert events == ["deployed", "swapped", "rolled back", "canary", "ended", "canary", "swapped", "ended"]

    code, told = shell("status", NAME)
    assert (told["deployments"][0]["running"], told["deployments"][0]["url"]) == (False, None)
    with deploying(NAME) as url:
        assert json.loads(ask(url))["model"]["version"] == second
