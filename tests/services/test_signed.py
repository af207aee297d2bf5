"""With a public key, what is unsigned or altered is refused before anything is loaded."""

import shutil
from pathlib import Path

import pytest

from registry.signing import make_keys, sign
from services.engine import load
from services.launch import launch
from services.settings import Pin, read_settings
from services.signed import require_signed_bento
from tatara.core.client import Client
from tatara.core.errors import RefusedError
from tatara.core.files import read_json, tree, write_json
from tatara.core.signature import signature_of


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("keys") / "package.key")


@pytest.fixture
def home(bento_home: Path, tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """A store of our own in which ``colours:1`` is signed."""
    home = tmp_path / "home"
    shutil.copytree(bento_home, home)
    for kind in ("bentos", "models"):
        sign(home / kind / "colours" / "1", keys[0])
    return home


def refused(home: Path, public: Path, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        launch("colours:1", home, home.parent / "log", public_key=public)
    assert not (home.parent / "log").exists(), "a service was started"


def test_what_is_signed_is_served(home: Path, keys: tuple[Path, Path]) -> None:
    before = tree(home)

    with launch("colours:1", home, home.parent / "log", public_key=keys[1]) as service, Client(service.url) as client:
        assert client.model == ("colours", "1")

    assert {path: sha for path, sha in tree(home).items() if path in before} == before
    require_signed_bento("colours:1", home, keys[1], ("colours", "1"))


@pytest.mark.parametrize("kind", ["bentos", "models"])
def test_what_is_unsigned_is_not_started(kind: str, home: Path, keys: tuple[Path, Path]) -> None:
    signature_of(home / kind / "colours" / "1").unlink()

    refused(home, keys[1], rf"{kind}/colours/1 is not signed")


@pytest.mark.parametrize("path", ["bentos/colours/1/src/services/app.py", "models/colours/1/model.onnx"])
def test_what_is_altered_is_not_started(path: str, home: Path, keys: tuple[Path, Path]) -> None:
    with (home / path).open("ab") as file:
        file.write(b"\n")

    refused(home, keys[1], f"{path} was changed since it was signed")


def test_the_environment_asks_for_signatures_as_well(
    home: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TATARA_PUBLIC_KEY", str(keys[1]))
    (home / "models" / "colours" / "1" / ".hidden").touch()

    with pytest.raises(RefusedError, match=r"\.hidden was added"):
        launch("colours:1", home, home.parent / "log")


def test_a_bento_that_was_signed_under_another_name_is_refused(home: Path, keys: tuple[Path, Path]) -> None:
    for kind in ("bentos", "models"):
        (home / kind / "colours" / "1").rename(home / kind / "colours" / "2")
        signature_of(home / kind / "colours" / "1").rename(home / kind / "colours" / "2.sig")

    with pytest.raises(RefusedError, match="was signed as another Bento than colours:2"):
        require_signed_bento("colours:2", home, keys[1])


def test_a_bento_that_was_signed_for_another_version_is_refused(home: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(RefusedError, match="was signed for colours/1, not colours/2"):
        require_signed_bento("colours:1", home, keys[1], ("colours", "2"))


def test_a_model_whose_policy_asks_for_a_signature_is_not_served_without_a_key(
    home: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = home / "models" / "colours" / "1"
    write_json(model / "release.json", {"name": "colours", "version": "1", "signed": True})
    sealed = read_json(model / "manifest.json")
    write_json(model / "manifest.json", {**sealed, "release.json": tree(model)["release.json"]})
    pin = Pin(model)
    monkeypatch.delenv("TATARA_PUBLIC_KEY", raising=False)
    with pytest.raises(RefusedError, match="policy of colours/1 asks for a signature; name the public key"):
        load(pin, read_settings(pin))

    monkeypatch.setenv("TATARA_PUBLIC_KEY", str(keys[1]))
    with pytest.raises(RefusedError, match="was changed since it was signed"):
        load(pin, read_settings(pin))
    sign(model, keys[0])
    assert load(pin, read_settings(pin))[1].version == "1"


def test_a_service_holds_its_model_to_the_signature_by_itself(
    home: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seal that was made anew after a change holds; the signature does not."""
    model = home / "models" / "colours" / "1"
    pin = Pin(model)
    monkeypatch.setenv("TATARA_PUBLIC_KEY", str(keys[1]))
    load(pin, read_settings(pin))

    (model / "card.json").write_text("{}")
    sealed = read_json(model / "manifest.json")
    write_json(model / "manifest.json", {**sealed, "card.json": tree(model)["card.json"]})
    with pytest.raises(RefusedError, match=r"card\.json was added since it was signed"):
        load(pin, read_settings(pin))
    monkeypatch.delenv("TATARA_PUBLIC_KEY")
    load(pin, read_settings(pin))
