"""What an approval is bound to: the run's files, the evidence and the policy, by digest."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from registry.evidence import Evidence
from registry.records import Bound, Judgement
from registry.store import local_artifacts
from tatara.core.errors import TataraError
from tatara.core.files import digest, sha256_file

MODEL = "convert/"
CONTRACT = "convert/contract.json"


def binds(digests: Mapping[str, str], evidence: Evidence, policy: str) -> dict[Bound, str]:
    """The four digests that stand for everything.

    Args:
        digests: path among the run's artifacts -> SHA-256; those below ``convert/`` are the model and its contract,
            all others belong to the evidence.
        evidence: as it was judged.
        policy: SHA-256 of the policy's file.
    """
    model = {path: sha for path, sha in digests.items() if path.startswith(MODEL) and path != CONTRACT}
    seen = {path: sha for path, sha in digests.items() if not path.startswith(MODEL)}
    return {
        "model": digest(model),
        "contract": digests.get(CONTRACT, ""),
        "evidence": digest({"files": seen, "evidence": evidence.model_dump(mode="json")}),
        "policy": policy,
    }


def files_now(run_id: str, recorded: Mapping[str, str], fresh: bool = True) -> dict[str, str]:
    """The run's files now, in the folders that ``recorded`` has files in; added and hidden ones are found too.

    Args:
        run_id: MLflow's.
        recorded: path among the run's artifacts -> SHA-256.
        fresh: read every byte; else a file that was read before and has the same inode, size and times is believed.
    """
    found = {}
    for name in sorted({path.partition("/")[0] for path in recorded}):
        try:
            folder = local_artifacts(run_id, name)
        except TataraError:
            continue
        for path in sorted(one for one in folder.rglob("*") if one.is_symlink() or not one.is_dir()):
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = _sha256(path, fresh)
    return found


def changed(judgement: Judgement, files: Mapping[str, str], policy: str) -> str | None:
    """One line that says what is not what was judged, or None.

    Args:
        judgement: that the approval was given to.
        files: path -> SHA-256, now.
        policy: SHA-256 of the policy's file, now.
    """
    for path in sorted(judgement.digests.keys() | files.keys()):
        was, now = judgement.digests.get(path), files.get(path)
        if was != now:
            what = "contract" if path == CONTRACT else "model" if path.startswith(MODEL) else "evidence"
            how = "is missing" if now is None else "was added" if was is None else f"is {now[:12]}, not {was[:12]}"
            return f"the {what} changed since: {path} {how}"
    if policy != judgement.binds["policy"]:
        return (
            f"the policy changed since: {judgement.policy} is {policy[:12]}, not {judgement.binds['policy'][:12]}; "
            "check the version again"
        )
    return None


def _sha256(path: Path, fresh: bool) -> str:
    if path.is_symlink():
        return f"link:{path.readlink()}"
    if not path.is_file():
        return "no file"
    if fresh:
        return sha256_file(path)
    stat = path.stat()
    return _remembered(str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@lru_cache(maxsize=65536)
def _remembered(path: str, inode: int, size: int, written: int, changed: int) -> str:
    return sha256_file(Path(path))
