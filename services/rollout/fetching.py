"""A verified copy of the model folder that a release record names: what is served cannot change below the server."""

import shutil
from pathlib import Path
from typing import Any

from services.engine import STORED_BESIDE
from services.rollout.deployment import copy_name
from services.rollout.records import Copy
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import digest, read_json, sha256_file, tree, whole_directory
from tatara.core.manifest import verify_seal
from tatara.core.release import Release
from tatara.core.signature import key_for, require_signed, signature_of


def fetch(release: Release, deployment: Path) -> Copy:
    """Copy the model that ``release`` names into ``models/`` of a deployment's folder, and hold the copy to the record.

    The signature is asked for where ``TATARA_PUBLIC_KEY`` names a key, or the model's policy asks for it.

    Raises:
        RefusedError: a digest, the signature or the name is not the record's.
        TataraError: a file is missing or cannot be read, or the record names no folder of this machine.
    """
    assert release.version is not None
    what = f"{release.name}/{release.version}"
    bento, model, pin = _places(release)
    if release.digests.get("package") != digest(tree(bento)):
        raise RefusedError(
            f"{what}: the Bento at {bento} is not what release {release.sequence} names; package it again"
        )
    manifest = str(pin.get("manifest"))
    if manifest != release.digests.get("manifest"):
        raise RefusedError(f"{what}: the Bento is pinned to another model than release {release.sequence}")
    made = Copy(
        version=release.version, sequence=release.sequence, folder=f"models/{copy_name(release.version, manifest)}",
        manifest=manifest, gpu=bool(pin.get("gpu")), bento=str(release.bento), place=str(release.place),
    )  # fmt: skip
    target = deployment / made.folder
    if not whole(target, manifest):
        _copy(model, target, manifest)
    _copy_signature(model, target)
    _hold_to(release, target)
    return made


def _places(release: Release) -> tuple[Path, Path, dict[str, Any]]:
    """Folders of the Bento and of its model, and the Bento's pin."""
    what, place = f"{release.name}/{release.version}", release.place
    if place is None or release.bento is None or "://" in place:
        raise TataraError(
            f"{what}: release {release.sequence} names no folder ({place}); nothing is fetched from a URL"
        )
    bento = Path(place)
    try:
        pin = dict(read_json(bento / "src" / "pin.json"))
        tag = Path(*str(pin["model"]).split(":"))
    except (OSError, ValueError, KeyError, TypeError):
        raise TataraError(f"{what}: no Bento at {bento} on this machine; package it here, or mount its store") from None
    if ".." in tag.parts or len(tag.parts) != 2 or tag.is_absolute():
        raise RefusedError(f"{what}: {bento} is pinned to {tag}, which is no model's tag")
    model = bento.parents[2] / "models" / tag
    if not model.is_dir():
        raise TataraError(f"{what}: no model at {model}; package it again, or mount the whole store")
    return bento, model, pin


def _copy(model: Path, target: Path, manifest: str) -> None:
    """The copy is verified, not the source: the source may change between two looks."""
    with whole_directory(target) as folder:
        shutil.copytree(model, folder, dirs_exist_ok=True)
        try:
            verify_seal(folder, manifest, beside=STORED_BESIDE)
        except TataraError as error:
            raise type(error)(str(error).replace(str(folder), str(model))) from None


def _copy_signature(model: Path, target: Path) -> None:
    """Also where the copy was there already: what was refused for want of a signature may be signed now."""
    signature = signature_of(model)
    signature_of(target).unlink(missing_ok=True)
    if signature.is_file():
        shutil.copyfile(signature, signature_of(target))


def whole(folder: Path, manifest: str) -> bool:
    """Whether a copy is there and has not changed."""
    try:
        verify_seal(folder, manifest, beside=STORED_BESIDE)
    except TataraError:
        return False
    return True


def _hold_to(release: Release, folder: Path) -> None:
    what = f"{release.name}/{release.version}"
    try:
        said = dict(read_json(folder / "release.json"))
        found = (str(said["name"]), str(said["version"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise RefusedError(f"{what}: its release.json cannot be read; package it again") from None
    if key := key_for(said):
        require_signed(folder, key)
    if found != (release.name, release.version):
        raise RefusedError(f"{what}: the model at {release.place} says that it is {'/'.join(found)}; package it again")
    if sha256_file(folder / "contract.json") != release.digests.get("contract"):
        raise RefusedError(f"{what}: its contract is not the one that was approved; package it again")
