"""A channel and a Bento store as a registry leaves them, with small real models that answer in their own words."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.rollout.deployment import Deployment
from services.rollout.records import Desired, Status
from tatara.core.envelope import private_key, seal
from tatara.core.files import digest, sha256_file, tree, write_json, write_text
from tatara.core.manifest import seal as seal_folder
from tatara.core.release import KIND, Release, ReleaseRole, place_in_channel
from tests.services.model_folder import write_chain, write_converted

NAME = "colours"
DEADLINE_SECONDS = 60.0


def words(version: str) -> tuple[str, str, str]:
    """The class names of a version, so that an answer by two versions would be seen."""
    return (f"red-{version}", f"green-{version}", f"blue-{version}")


class Published:
    """Versions of one name in a store, and the channel that names them."""

    def __init__(self, root: Path, name: str = NAME) -> None:
        self.name, self.home, self.channel = name, root / "bentoml", root / "channel"
        self.key: Ed25519PrivateKey = private_key(root / "signing.pem")
        self.public = root / "signing.pub"
        self.sequence = 0

    def model(self, version: str) -> Path:
        return self.home / "models" / self.name / version

    def bento(self, version: str) -> Path:
        return self.home / "bentos" / self.name / version

    def make(self, version: str, labels: tuple[str, ...] | None = None, kind: str = "classification") -> Path:
        """A packaged version: its model's folder."""
        folder = write_converted(self.model(version), labels=labels or words(version), kind=kind)
        write_chain(folder / "lineage.json")
        write_json(folder / "release.json", {"name": self.name, "version": version})
        self.pack(version)
        return folder

    def pack(self, version: str, gpu: bool = False) -> None:
        """Seal the model and pin a Bento to it, again where it was changed."""
        manifest = seal_folder(self.model(version))
        pin = {"model": f"{self.name}:{version}", "manifest": manifest, "gpu": gpu}
        write_json(self.bento(version) / "src" / "pin.json", pin)

    def record(self, version: str | None, role: ReleaseRole = "champion", **changes: Any) -> Release:
        self.sequence += 1
        values: dict[str, Any] = {
            "sequence": self.sequence, "name": self.name, "role": role, "version": version, "digests": {},
            "bento": None, "place": None, "approval": (), "at": "2026-01-01T00:00:00+00:00", "by": "olga",
            "reason": "tested",
        }  # fmt: skip
        if version is not None:
            model, bento = self.model(version), self.bento(version)
            values |= {
                "bento": f"{self.name}:{version}", "place": str(bento),
                "digests": {
                    "package": digest(tree(bento)), "manifest": sha256_file(model / "manifest.json"),
                    "contract": sha256_file(model / "contract.json"), "model": "0" * 64,
                },
            }  # fmt: skip
        return Release(**{**values, **changes})

    def publish(self, version: str | None, role: ReleaseRole = "champion", **changes: Any) -> Release:
        """Let the version take the role; what the registry does at its end."""
        made = self.record(version, role, **changes)
        self.put(seal(made, KIND, self.key).model_dump_json(), role)
        return made

    def put(self, content: str, role: ReleaseRole = "champion") -> None:
        write_text(self.channel / place_in_channel(self.name, role), content)

    def deployment(self, folder: Path, **wanted: Any) -> Deployment:
        """As `tatara deploy` makes it."""
        made = Deployment(folder)
        folder.mkdir(parents=True, exist_ok=True)
        made.key.write_bytes(self.public.read_bytes())
        made.want(Desired(name=self.name, channel=str(self.channel), **wanted))
        return made


def until(deployment: Deployment, holds: Callable[[Status], object]) -> Status:
    """The first status that ``holds``, which the server has written."""
    ends = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < ends:
        status = deployment.status
        if status is not None and holds(status):
            return status
        time.sleep(0.05)
    raise AssertionError(f"not within {DEADLINE_SECONDS} s; the last was {deployment.status}")
