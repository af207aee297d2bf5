"""What model-signing signs is accepted; what is altered is refused, here and by model-signing, with the file named."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from model_signing import hashing, signing, verifying

from registry.signing import make_keys, sign
from tatara.core.errors import RefusedError, TataraError
from tatara.core.signature import digests, require_signed, signature_of


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("keys") / "package.key")


@pytest.fixture
def folder(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """Signed: two files, one in a folder, a hidden one, git's own, one with an odd name, two that are empty."""
    made = tmp_path / "model"
    for name, content in {
        "model.onnx": "weights", "golden/cases.json": "{}", ".hidden": "x", ".gitignore": "*", ".git/config": "y",
        "名 前\n\"'.txt": "z", "empty": "", "golden/empty": "",
    }.items():  # fmt: skip
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(content)
    sign(made, keys[0])
    return made


def library_accepts(folder: Path, public: Path) -> bool:
    everything = hashing.Config().set_ignored_paths(paths=(), ignore_git_paths=False)
    verifier = verifying.Config().use_elliptic_key_verifier(public_key=public).set_hashing_config(everything)
    try:
        verifier.verify(folder, signature_of(folder))
    except Exception:
        return False
    return True


def test_what_is_signed_is_accepted_and_told_with_its_digests(folder: Path, keys: tuple[Path, Path]) -> None:
    signed = require_signed(folder, keys[1])

    assert signed == digests(folder)
    assert {".hidden", ".gitignore", ".git/config", "golden/cases.json"} < signed.keys()
    assert library_accepts(folder, keys[1])


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_every_curve_of_model_signing_is_read(folder: Path, tmp_path: Path, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    pem = serialization.Encoding.PEM
    private, public = tmp_path / "other.key", tmp_path / "other.pub"
    private.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )
    private.chmod(0o600)
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))

    sign(folder, private)

    assert require_signed(folder, public)
    assert library_accepts(folder, public)


def test_one_file_is_signed_as_well(folder: Path, keys: tuple[Path, Path]) -> None:
    file = folder / "model.onnx"
    signature = sign(file, keys[0], folder.parent / "one.sig")

    assert list(require_signed(file, keys[1], signature)) == ["."]
    file.write_text("other")
    with pytest.raises(RefusedError, match=r"model\.onnx was changed since it was signed"):
        require_signed(file, keys[1], signature)


def _swap(folder: Path) -> None:
    weights, cases = (folder / "model.onnx").read_bytes(), (folder / "golden" / "cases.json").read_bytes()
    (folder / "model.onnx").write_bytes(cases)
    (folder / "golden" / "cases.json").write_bytes(weights)


def _link(folder: Path) -> None:
    (folder / "model.onnx").rename(folder.parent / "outside")
    (folder / "model.onnx").symlink_to(folder.parent / "outside")


def _linked_folder(folder: Path) -> None:
    (folder / "golden").rename(folder.parent / "golden")
    (folder / "golden").symlink_to(folder.parent / "golden")


ALTERATIONS: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda folder: (folder / "model.onnx").write_text("Weights"), "model.onnx was changed"),
    "longer": (lambda folder: (folder / "empty").write_text("0"), "empty was changed"),
    "hidden changed": (lambda folder: (folder / ".hidden").write_text("y"), ".hidden was changed"),
    "git changed": (lambda folder: (folder / ".git/config").write_text("x"), ".git/config was changed"),
    "gitignore changed": (lambda folder: (folder / ".gitignore").write_text(""), ".gitignore was changed"),
    "added": (lambda folder: (folder / "more.py").write_text(""), "more.py was added"),
    "hidden added": (lambda folder: (folder / "golden/.more").write_text(""), "golden/.more was added"),
    "git added": (lambda folder: (folder / ".gitattributes").write_text(""), ".gitattributes was added"),
    "removed": (lambda folder: (folder / "model.onnx").unlink(), "model.onnx is missing"),
    "hidden removed": (lambda folder: (folder / ".hidden").unlink(), ".hidden is missing"),
    "renamed": (lambda folder: (folder / "model.onnx").rename(folder / "m"), "model.onnx was renamed to m"),
    "swapped": (_swap, "golden/cases.json was changed"),
    "moved": (lambda folder: (folder / "golden").rename(folder / "g"), "golden/cases.json was renamed to g/cases.json"),
    "link": (_link, "model.onnx is a symbolic link"),
    "linked folder": (_linked_folder, "golden is a symbolic link"),
    "dangling link": (lambda folder: (folder / "l").symlink_to("nowhere"), "l is a symbolic link"),
    "pipe": (lambda folder: os.mkfifo(folder / "pipe"), "pipe is neither file nor folder"),
}


@pytest.mark.parametrize("how", ALTERATIONS)
def test_what_is_altered_is_refused_and_named(how: str, folder: Path, keys: tuple[Path, Path]) -> None:
    alter, message = ALTERATIONS[how]
    alter(folder)

    with pytest.raises(RefusedError) as refusal:
        require_signed(folder, keys[1])
    assert f"{folder}/{message}" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not library_accepts(folder, keys[1])


def test_a_name_of_two_lines_is_told_on_one(folder: Path, keys: tuple[Path, Path]) -> None:
    (folder / "名 前\n\"'.txt").unlink()

    with pytest.raises(RefusedError, match=r"名 前\\n.* is missing") as refusal:
        require_signed(folder, keys[1])
    assert "\n" not in str(refusal.value)


def test_an_empty_folder_is_refused_though_model_signing_does_not_see_it(folder: Path, keys: tuple[Path, Path]) -> None:
    (folder / "golden" / "none").mkdir()

    assert library_accepts(folder, keys[1])
    with pytest.raises(RefusedError, match="golden/none is an empty folder"):
        require_signed(folder, keys[1])


def test_what_has_no_signature_is_refused(folder: Path, keys: tuple[Path, Path]) -> None:
    signature_of(folder).unlink()

    with pytest.raises(RefusedError, match=r"model is not signed: no model\.sig beside it"):
        require_signed(folder, keys[1])


def test_another_key_is_refused(folder: Path, tmp_path: Path) -> None:
    _, other = make_keys(tmp_path / "other.key")

    with pytest.raises(RefusedError, match=r"made with another key than .*other\.pub"):
        require_signed(folder, other)
    assert not library_accepts(folder, other)


def test_what_another_key_signed_under_this_ones_name_is_refused(
    folder: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    genuine = json.loads(signature_of(folder).read_text())
    sign(folder, make_keys(tmp_path / "other.key")[0])
    forged = json.loads(signature_of(folder).read_text())
    forged["verificationMaterial"] = genuine["verificationMaterial"]
    signature_of(folder).write_text(json.dumps(forged))

    with pytest.raises(RefusedError, match="was changed since it was made"):
        require_signed(folder, keys[1])
    assert not library_accepts(folder, keys[1])


def _statement(bundle: dict) -> dict:
    return json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))


def _put(bundle: dict, statement: dict) -> None:
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()


def test_a_changed_list_of_files_is_refused(folder: Path, keys: tuple[Path, Path]) -> None:
    bundle = json.loads(signature_of(folder).read_text())
    statement = _statement(bundle)
    statement["predicate"]["resources"] = statement["predicate"]["resources"][1:]
    _put(bundle, statement)
    signature_of(folder).write_text(json.dumps(bundle))

    with pytest.raises(RefusedError, match="was changed since it was made"):
        require_signed(folder, keys[1])
    assert not library_accepts(folder, keys[1])


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", '{"dsseEnvelope": null}', "\x00", '{"dsseEnvelope": {"signatures": [{}, {}]}}'],
)
def test_what_is_no_signature_is_refused(content: str, folder: Path, keys: tuple[Path, Path]) -> None:
    signature_of(folder).write_text(content)

    with pytest.raises(RefusedError, match=r"model\.sig is not a signature"):
        require_signed(folder, keys[1])


@pytest.mark.parametrize("field", ["mediaType", "payloadType"])
def test_a_bundle_of_something_else_is_refused(field: str, folder: Path, keys: tuple[Path, Path]) -> None:
    bundle = json.loads(signature_of(folder).read_text())
    (bundle if field == "mediaType" else bundle["dsseEnvelope"])[field] = "text/plain"
    signature_of(folder).write_text(json.dumps(bundle))

    with pytest.raises(RefusedError, match="not a model signature"):
        require_signed(folder, keys[1])
    assert not library_accepts(folder, keys[1])


def _signed_statement(folder: Path, private: Path, change: Callable[[dict], None]) -> None:
    """A genuine signature over a statement that was changed first."""
    bundle = json.loads(signature_of(folder).read_text())
    statement = _statement(bundle)
    change(statement)
    _put(bundle, statement)
    key = serialization.load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    body = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    kind = b"application/vnd.in-toto+json"
    raw = key.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body), ec.ECDSA(hashes.SHA256()))
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    signature_of(folder).write_text(json.dumps(bundle))


def test_a_genuine_signature_that_ignores_paths_is_refused(folder: Path, keys: tuple[Path, Path]) -> None:
    """This is what model-signing writes by default, and what would let anything be put into .git."""
    signing.Config().use_elliptic_key_signer(private_key=keys[0]).sign(folder, signature_of(folder))

    with pytest.raises(RefusedError, match="ignores paths"):
        require_signed(folder, keys[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda statement: statement.update(predicateType="https://slsa.dev/provenance/v1"), "states https://slsa"),
        (lambda statement: statement.update(_type="https://in-toto.io/Statement/v0.1"), "states"),
        (lambda statement: statement["predicate"]["serialization"].update(allow_symlinks=True), "follows links"),
        (lambda statement: statement["predicate"]["serialization"].update(method="shards"), "not by SHA-256"),
        (lambda statement: statement["subject"][0]["digest"].update(sha256="0" * 64), "contradicts itself"),
    ],
)
def test_a_genuine_signature_of_another_statement_is_refused(
    change: Callable[[dict], None], message: str, folder: Path, keys: tuple[Path, Path]
) -> None:
    _signed_statement(folder, keys[0], lambda statement: None)
    require_signed(folder, keys[1])

    _signed_statement(folder, keys[0], change)
    with pytest.raises(RefusedError, match=message):
        require_signed(folder, keys[1])


def test_other_keys_are_refused_in_one_line(folder: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    odd = {
        "edwards.pub": ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(pem, form),
        "koblitz.pub": ec.generate_private_key(ec.SECP256K1()).public_key().public_bytes(pem, form),
        "text.pub": b"hello",
        "private.pub": keys[0].read_bytes(),
    }
    for name, content in odd.items():
        (tmp_path / name).write_bytes(content)
    for name in (*odd, "absent.pub"):
        with pytest.raises(TataraError, match=rf"{name}: (no|not a) public key.*`tatara sign keys` makes a pair"):
            require_signed(folder, tmp_path / name)
