"""How soon the version before serves again, and what a shadow costs.

    python -m benchmarks.rollout [rounds=20] [seconds=4]

A MobileNetV2 of fresh weights is deployed in two versions and asked over 4 connections all the while. Every round the
channel's champion moves to version 2, then ``tatara rollback`` is run as a process of its own; the time from its start
to the first answer by version 1 counts. Then 16 connections ask it with and without a shadow, in alternating rounds.
Costs about five minutes on two cores.

Printed: ``rollback_seconds`` p50, p95 and most; ``equal``, whether the answers were those from before, bit for bit;
``swap_seconds``, from the record's publication to the first answer by the new version, the loading beside the old one
included; ``shadow_ratio``, requests a second with a shadow by those without, and ``shadow_asked``, copies asked of it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.serving import build, load, percentile
from benchmarks.serving_model import TAG
from benchmarks.serving_sides import Built, Server
from services.launch import launch
from services.rollout.deployment import VARIABLE, Deployment
from services.rollout.records import Desired
from services.rollout.starting import prepare
from tatara.core.envelope import private_key, seal
from tatara.core.files import digest, sha256_file, tree, write_json, write_text
from tatara.core.home import apply_library_environment
from tatara.core.manifest import seal as seal_folder
from tatara.core.release import KIND, Release, ReleaseRole, place_in_channel

NAME = TAG.partition(":")[0]
CONNECTIONS = 4


class Channel:
    """Two versions of one model, and a channel that names them."""

    def __init__(self, root: Path, home: Path) -> None:
        self.home, self.folder, self.key, self.sequence = home, root / "channel", private_key(root / "key.pem"), 0
        self.public = root / "key.pub"
        first, second = home / "models" / NAME / "1", home / "models" / NAME / "2"
        subprocess.run(["cp", "-r", first, second], check=True)
        write_json(second / "release.json", {"name": NAME, "version": "2"})
        (second / "model.yaml").unlink(missing_ok=True)
        pin = {"model": f"{NAME}:2", "manifest": seal_folder(second), "gpu": False}
        write_json(home / "bentos" / NAME / "2" / "src" / "pin.json", pin)

    def publish(self, version: str | None, role: ReleaseRole = "champion") -> None:
        """Let a version take a role."""
        self.sequence += 1
        model, bento = (self.home / kind / NAME / str(version) for kind in ("models", "bentos"))
        digests = {} if version is None else {
            "package": digest(tree(bento)), "manifest": sha256_file(model / "manifest.json"), "model": "",
            "contract": sha256_file(model / "contract.json"),
        }  # fmt: skip
        made = Release(
            sequence=self.sequence, name=NAME, role=role, version=version, digests=digests, approval=(), at="", by="me",
            bento=version and f"{NAME}:{version}", place=version and str(bento), reason="benchmark",
        )  # fmt: skip
        write_text(self.folder / place_in_channel(NAME, role), seal(made, KIND, self.key).model_dump_json())


def until(holds: Callable[[], bool]) -> float:
    """Seconds until it holds."""
    began = time.perf_counter()
    while not holds():
        time.sleep(0.005)
    return time.perf_counter() - began


def rollbacks(
    channel: Channel, deployment: Deployment, client: httpx.Client, photo: bytes, rounds: int
) -> dict[str, Any]:
    """Seconds of every rollback and every swap."""

    def ask() -> bytes:
        return client.post("/predict", content=photo, headers={"content-type": "image/jpeg"}).raise_for_status().content

    def version() -> str:
        return str(json.loads(ask())["model"]["version"])

    before, back, swaps, equal = ask(), [], [], True
    for _ in range(rounds):
        channel.publish("2")
        swaps.append(until(lambda: version() == "2"))
        command = [sys.executable, "-m", "tatara", "rollback", NAME, "reason=benchmark", "--json"]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: version() == "1")
        back.append(time.perf_counter() - began)
        equal = equal and ask() == before
        process.kill()  # there is no registry to be told
        process.wait()
        channel.publish("1")
        until(lambda: deployment.status is not None and deployment.status.sequences["champion"] == channel.sequence)
        deployment.want(deployment.desired.model_copy(update={"pinned": None}))
        until(lambda: deployment.status is not None and deployment.status.pinned is None)
    told = {"p50": statistics.median(back), "p95": percentile(back, 0.95), "most": max(back)}
    return {"rollback_seconds": told, "equal": equal, "swap_seconds": statistics.median(swaps), "rounds": rounds}


def shadow(channel: Channel, deployment: Deployment, server: Server, seconds: float) -> dict[str, Any]:
    """Rates with a shadow by those without."""
    channel.publish("2", "canary")
    ratios, asked = [], 0
    for _ in range(5):
        rates = {}
        for on in (False, True):
            deployment.want(deployment.desired.model_copy(update={"shadow": on}))
            until(lambda on=on: deployment.status is not None and (deployment.status.candidate is not None) == on)
            rates[on] = load(server, seconds)["rate"]
        trial = deployment.status.trial if deployment.status else None
        asked += trial["measures"]["failures"]["observations"] if trial else 0
        ratios.append(rates[True] / rates[False])
    return {"shadow_ratio": statistics.median(ratios), "shadow_ratios": ratios, "shadow_asked": asked}


def run(given: dict[str, str]) -> dict[str, Any]:
    """Everything, in a folder of its own."""
    rounds, seconds = int(given.get("rounds", 20)), float(given.get("seconds", 4))
    with tempfile.TemporaryDirectory(prefix="rollout-") as temporary:
        root = Path(temporary)
        build(root / "built")
        built = Built(root / "built")
        os.environ["TATARA_HOME"] = str(root / "state")
        channel = Channel(root, built.folder / "home")
        channel.publish("1")
        deployment = Deployment(root / "state" / "deployments" / NAME)
        deployment.want(Desired(name=NAME, channel=str(channel.folder)))
        deployment.key.write_bytes(channel.public.read_bytes())
        prepare(deployment)
        with (
            deployment.owned(),
            launch(TAG, channel.home, root / "server.log", environment={VARIABLE: str(deployment.folder)}) as service,
            httpx.Client(base_url=service.url, trust_env=False, timeout=60) as client,
        ):
            spec = {"url": f"{service.url}/predict", "content_type": "image/jpeg", "rate": 40.0, "seconds": 3600,
                    "bodies": [str(path) for path in built.files], "connections": CONNECTIONS}  # fmt: skip
            write_json(root / "spec.json", spec)
            asking = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.load", root / "spec.json", root / "found.json"]
            )
            try:
                found = rollbacks(channel, deployment, client, built.files[0].read_bytes(), rounds)
            finally:
                asking.kill()
                asking.wait()
            process = psutil.Process(service.process.pid)
            server = Server(process, f"{service.url}/predict", "image/jpeg", built.files)
            return {**found, **shadow(channel, deployment, server, seconds)}


if __name__ == "__main__":
    apply_library_environment()
    print(json.dumps(run(dict(word.split("=", 1) for word in sys.argv[1:]))))
