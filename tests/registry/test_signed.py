"""A version's signatures on a real store: every part of its chain, and that the parts belong together."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import store, versions
from registry.signed import hold_to_signed, sign_version, verify_version
from registry.signing import make_keys
from tatara.cli import main
from tatara.core.errors import RefusedError, TataraError
from tatara.core.files import tree, write_text
from tatara.core.lineage import Chain
from tatara.core.signature import required_key
from tests.registry.mlflow_server import serving

STAGES = ("validate", "train", "convert", "evaluate", "check")
PACKAGED = ("bentos/colours", "models/colours")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One store for the module: its first migration takes longer than all of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("TATARA_HOME", str(folder))
        for name in ("MLFLOW_TRACKING_URI", "TATARA_ARTIFACTS", "TATARA_PUBLIC_KEY", "_TATARA_ENVIRONMENT_OF"):
            patch.delenv(name, raising=False)
        store.client()
        make_keys()
        yield folder


class Version:
    """A registered version of ``colours`` with the files of its chain, packaged."""

    def __init__(self, state: Path, workspace: Path) -> None:
        self.run_id = str(store.client().create_run(store.experiment_id("exp")).info.run_id)
        self.number = str(versions.create("colours", self.run_id, "convert", {}).version)
        self.reference = f"colours/{self.number}"
        self.workspace, self.bentoml = workspace, state / "bentoml"
        for stage in STAGES:
            write_text(workspace / stage / "file.txt", f"{stage} of {self.number}")
        self.chain = Chain().then("version", {"name": "colours", "version": self.number}, {})
        self.chain = self.chain.then("onnx", {}, self._files(workspace, STAGES[:-1]))
        write_text(workspace / "register" / "lineage.json", self.chain.model_dump_json())
        self._log((*STAGES, "register"))

    def package(self) -> None:
        places = [f"{place}/{self.number}" for place in PACKAGED]
        for place in places:
            write_text(self.bentoml / place / "file.txt", f"{place} of {self.number}")
        files = {f"{place}/file.txt": tree(self.bentoml / place)["file.txt"] for place in places}
        whole = self.chain.then("bento", {}, {**self._files(self.workspace, ("check", "register")), **files})
        write_text(self.workspace / "package" / "lineage.json", whole.model_dump_json())
        self._log(("package",))
        versions.set_tags("colours", self.number, {"tatara.bento": f"colours:{self.number}"})

    def artifact(self, path: str) -> Path:
        return store.local_artifacts(self.run_id, path)

    def verify(self, *records: str) -> dict[str, str]:
        return verify_version(self.reference, self._key("pub"), *([records] if records else []))

    def sign(self, *records: str) -> dict[str, Path]:
        return sign_version(self.reference, self._key("key"), *([records] if records else []))

    def _key(self, ending: str) -> Path:
        return self.bentoml.parent / "keys" / f"package.{ending}"

    def _log(self, stages: tuple[str, ...]) -> None:
        for stage in stages:
            store.client().log_artifacts(self.run_id, str(self.workspace / stage), stage)

    @staticmethod
    def _files(folder: Path, stages: tuple[str, ...]) -> dict[str, str]:
        return {f"{stage}/{path}": sha for stage in stages for path, sha in tree(folder / stage).items()}


@pytest.fixture
def version(state: Path, tmp_path: Path) -> Version:
    return Version(state, tmp_path / "run")


@pytest.fixture
def packaged(version: Version) -> Version:
    version.package()
    return version


def test_everything_that_the_chain_names_is_signed_and_the_chain_too(packaged: Version) -> None:
    made = packaged.sign()

    number = packaged.number
    assert list(made)[-1] == "package"
    assert set(made) == {*STAGES, "register", f"bentos/colours/{number}", f"models/colours/{number}", "package"}
    assert made["convert"] == packaged.artifact("convert.sig")
    assert made[f"models/colours/{number}"].parent == packaged.bentoml / "models" / "colours"
    assert set(packaged.verify()) == {
        *(f"{stage}/file.txt" for stage in STAGES), "register/lineage.json", "package/lineage.json",
        f"bentos/colours/{number}/file.txt", f"models/colours/{number}/file.txt",
    }  # fmt: skip


def test_before_it_is_packaged_what_is_there_is_signed(version: Version) -> None:
    assert set(version.sign()) == {*STAGES, "register"}
    assert version.verify()

    version.package()
    assert version.verify("register")
    with pytest.raises(RefusedError, match="is not signed"):
        version.verify()


def test_the_evidence_is_held_before_the_chain_names_it(version: Version) -> None:
    version.sign()
    (version.artifact("check") / "file.txt").write_text("better")

    with pytest.raises(RefusedError, match=r"check/file\.txt was changed since it was signed"):
        version.verify()


@pytest.mark.parametrize("part", ["train", "convert", "evaluate", "check", "register", "package"])
def test_every_part_of_the_run_is_held(part: str, packaged: Version) -> None:
    packaged.sign()
    (packaged.artifact(part) / ".added").write_text("x")

    with pytest.raises(RefusedError, match=rf"/{part}/\.added was added since it was signed"):
        packaged.verify()


@pytest.mark.parametrize("kind", ["bentos", "models"])
def test_both_folders_of_the_bento_are_held(kind: str, packaged: Version) -> None:
    packaged.sign()
    (packaged.bentoml / kind / "colours" / packaged.number / "file.txt").write_text("x")

    with pytest.raises(RefusedError, match=rf"{kind}/colours/{packaged.number}/file\.txt was changed"):
        packaged.verify()


@pytest.mark.parametrize("part", ["convert", "check"])
def test_what_was_signed_for_another_version_is_refused(part: str, packaged: Version, tmp_path: Path) -> None:
    packaged.sign()
    other = Version(packaged.bentoml.parent, tmp_path / "other")
    other.sign()
    root = packaged.artifact("convert").parent
    shutil.rmtree(root / part)
    shutil.copytree(other.artifact(part), root / part)
    shutil.copy2(other.artifact(f"{part}.sig"), root / f"{part}.sig")

    with pytest.raises(
        RefusedError, match=rf"{part}/file\.txt is signed, but is not the one of {packaged.reference}'s"
    ):
        packaged.verify()


def test_all_parts_of_another_version_are_refused(version: Version, tmp_path: Path) -> None:
    other = Version(version.bentoml.parent, tmp_path / "other")
    other.sign()
    root = version.artifact("convert").parent
    shutil.rmtree(root)
    shutil.copytree(other.artifact("convert").parent, root)

    with pytest.raises(RefusedError, match=f"{version.reference} holds what was signed for {other.reference}"):
        version.verify()


def test_taking_the_package_s_record_away_does_not_make_it_unpackaged(packaged: Version) -> None:
    packaged.sign()
    shutil.rmtree(packaged.artifact("package"))

    with pytest.raises(RefusedError, match=r"is packaged, but .*package/lineage\.json is gone"):
        packaged.verify()


def test_a_run_s_folder_is_held_to_what_was_signed(version: Version) -> None:
    version.sign()
    signed = version.verify("register")
    hold_to_signed(version.workspace, signed, ("convert", "register"))

    (version.workspace / "convert" / "file.txt").write_text("x")
    with pytest.raises(RefusedError, match=r"run/convert/file\.txt was changed since it was signed"):
        hold_to_signed(version.workspace, signed, ("convert", "register"))


@pytest.mark.slow
def test_a_store_elsewhere_gets_the_signatures_and_is_read_anew(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "server") as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        monkeypatch.setenv("TATARA_ARTIFACTS", "mlflow-artifacts:/elsewhere")
        version = Version(state, tmp_path / "run")
        assert set(version.sign()) == {*STAGES, "register"}
        assert version.verify()
        (kept,) = (tmp_path / "server").rglob("convert/file.txt")
        kept.write_text("x")
        with pytest.raises(RefusedError, match=r"convert/file\.txt was changed"):
            version.verify()


def test_the_verbs_sign_and_verify_a_version(version: Version, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", version.reference]) == 3
    assert main(["sign", version.reference]) == 0
    assert main(["verify", version.reference]) == 0
    assert "verified    6 files" in capsys.readouterr().out
    assert main(["verify", "colours/999"]) == 2
    assert "nor is there a file or folder colours/999" in capsys.readouterr().err
    assert required_key() is None


def test_a_version_without_a_chain_is_one_line(state: Path) -> None:
    run_id = str(store.client().create_run(store.experiment_id("exp")).info.run_id)
    number = versions.create("bare", run_id, "convert", {}).version

    with pytest.raises(TataraError, match=r"bare/1 has no lineage\.json in its run's artifacts; register it again"):
        sign_version(f"bare/{number}", state / "keys" / "package.key")
