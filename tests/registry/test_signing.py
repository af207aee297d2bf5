"""Keys are made once and kept to their owner; what cannot be signed is said in one line."""

import stat
import sys
from pathlib import Path

import pytest

from registry.signing import make_keys, private_key, public_key, sign
from tatara.cli import main
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.signature import require_signed, signature_of


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TATARA_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TATARA_PUBLIC_KEY", raising=False)
    return tmp_path / "state"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.onnx").write_text("weights")
    return tmp_path / "model"


def test_the_private_key_is_its_owners_alone_and_is_never_overwritten(state: Path) -> None:
    private, public = make_keys()

    assert (private, public) == (state / "keys" / "package.key", state / "keys" / "package.pub")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    kept = private.read_bytes(), public.read_bytes()
    with pytest.raises(UsageError, match=r"package\.key is there already, and a key is never overwritten"):
        make_keys()
    private.unlink()
    with pytest.raises(UsageError, match=r"package\.pub is there already"):
        make_keys()
    assert public.read_bytes() == kept[1]


def test_the_keys_that_are_used_without_asking(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert private_key() == state / "keys" / "package.key"
    assert public_key() == state / "keys" / "package.pub"
    monkeypatch.setenv("TATARA_PUBLIC_KEY", "/etc/team.pub")
    assert public_key() == Path("/etc/team.pub")
    assert public_key(Path("mine.pub")) == Path("mine.pub")


def test_a_private_key_that_others_may_read_signs_nothing(model: Path) -> None:
    private, _ = make_keys()
    private.chmod(0o640)

    with pytest.raises(TataraError, match="others may read this private key; run: chmod 600"):
        sign(model, private)
    assert not signature_of(model).exists()


def test_without_a_key_the_command_that_makes_one_is_named(model: Path) -> None:
    with pytest.raises(TataraError, match=r"package\.key: no private key there; `tatara sign keys` makes a pair"):
        sign(model, private_key())


def test_what_is_no_private_key_signs_nothing(model: Path) -> None:
    private, public = make_keys()
    private.write_bytes(public.read_bytes())

    with pytest.raises(TataraError, match=r"cannot be signed with .*package\.key"):
        sign(model, private)
    assert sorted(path.name for path in model.parent.iterdir()) == ["model", "state"]


def test_links_and_empty_folders_are_not_signed(model: Path) -> None:
    private, _ = make_keys()
    (model / "link").symlink_to("model.onnx")
    with pytest.raises(RefusedError, match="link is a symbolic link"):
        sign(model, private)
    (model / "link").unlink()
    (model / "none").mkdir()
    with pytest.raises(RefusedError, match="none is an empty folder"):
        sign(model, private)
    assert not signature_of(model).exists()


def test_without_model_signing_what_to_install_is_said(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = make_keys()
    sign(model, private)
    for name in [name for name in sys.modules if name.split(".")[0] == "model_signing"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "model_signing", None)

    with pytest.raises(TataraError, match=r"signing needs model-signing .*; run: pip install -e '\.\[sign\]'"):
        sign(model, private)
    assert require_signed(model, public)


def test_the_verbs_sign_and_verify_a_folder(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "keys"]) == 0
    assert main(["sign", str(model)]) == 0
    assert main(["verify", str(model)]) == 0
    assert "verified    1 files" in capsys.readouterr().out

    (model / "model.onnx").write_text("other")
    assert main(["verify", str(model)]) == 3
    assert capsys.readouterr().err.startswith(f"tatara: {model}/model.onnx was changed since it was signed")
    assert main(["sign", "keys"]) == 2
