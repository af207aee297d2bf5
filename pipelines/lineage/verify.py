"""The chain verified against every store that it names: the data, git, MLflow, the registry, the Bento store."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.lineage.collect import bento_files, logged_parameters, version_facts
from registry import audit, versions
from registry.binding import CONTRACT
from registry.records import Granted
from registry.store import client, local_artifacts
from tatara.core.errors import RefusedError, TataraError, UsageError
from tatara.core.files import digest, read_json, sha256_bytes, sha256_file
from tatara.core.home import project_root, state_root
from tatara.core.lineage import Chain, Link, LinkName, read_chain

LOCK = "requirements/train.txt"


def find_chain(reference: str) -> Chain:
    """The chain of ``NAME[@alias|/version]``, or of the digest that an answer's header carried.

    Raises:
        UsageError: no such version or digest.
        RefusedError: the record's own digests do not hold.
    """
    return read_chain(_record(_find_version(reference).run_id))


def _find_version(reference: str) -> Any:
    if len(reference) == 64 and set(reference) <= set("0123456789abcdef"):
        found = client().search_model_versions(f"tag.`tatara.lineage` = '{reference}'")
        if not found:
            raise UsageError(f"no registered version has the lineage digest {reference}")
        return found[0]
    try:
        return versions.find(reference)
    except UsageError as error:
        raise UsageError(f"{error}; give NAME, NAME@alias, NAME/version, or a whole lineage digest") from None


def _record(run_id: str) -> Path:
    try:
        return local_artifacts(run_id, "package/lineage.json")
    except TataraError:
        return local_artifacts(run_id, "register/lineage.json")


def artifact_paths(chain: Chain) -> Iterator[tuple[LinkName, str, Path]]:
    """Every file that the chain knows: its link, its name in the link, and where it lies on this machine."""
    run_id = chain.link("run").facts["run_id"]
    folders: dict[str, Path] = {}
    for link in chain.links:
        for where in link.artifacts:
            stage, _, inside = where.partition("/")
            if stage in ("bentos", "models"):
                yield link.name, where, state_root() / "bentoml" / where
                continue
            if stage not in folders:
                try:
                    folders[stage] = local_artifacts(run_id, stage)
                except TataraError as error:
                    raise _broken(link.name, str(error)) from None
            yield link.name, where, folders[stage] / inside


def verify(reference: str) -> Chain:
    """Recompute every digest of the chain from the things themselves.

    Raises:
        RefusedError: one does not hold; the message begins with ``lineage: link 'NAME'``.
    """
    chain = find_chain(reference)
    found = _find_version(reference)
    tags: tuple[tuple[LinkName, str], ...] = (("approval", "tatara.lineage"), ("bento", "tatara.chain"))
    for name, tag in tags:
        if tag in found.tags and chain.link(name).digest != found.tags[tag]:
            raise _broken(name, f"the registry's tag {tag} on {found.name}/{found.version} is another digest")
    checks = {
        "data": _verify_data,
        "validation": _verify_validation,
        "code": _verify_code,
        "run": _verify_run,
        "version": _verify_version,
        "approval": _verify_approval,
        "bento": _verify_bento,
    }
    for link in chain.links:
        if link.name in checks:
            checks[link.name](link, chain)
    for name, where, path in artifact_paths(chain):
        if not path.is_file() or sha256_file(path) != chain.link(name).artifacts[where]:
            raise _broken(name, f"{path} is not the file that was recorded")
    return chain


def _broken(link: str, reason: str) -> RefusedError:
    return RefusedError(f"lineage: link {link!r} is broken: {reason}")


def _verify_data(link: Link, chain: Chain) -> None:
    from pipelines.datasets.dataset import open_dataset
    from pipelines.datasets.revision import revision

    name = link.facts["name"]
    try:
        now = revision(open_dataset(name))
    except TataraError as error:
        raise _broken("data", str(error)) from None
    if now != link.facts["revision"]:
        remedy = "`dvc checkout --force data.dvc` puts back what data.dvc records, and drops every change since"
        raise _broken("data", f"data/{name} is revision {now[:12]}, not {link.facts['revision'][:12]}; {remedy}")


def _verify_validation(link: Link, chain: Chain) -> None:
    run_id = chain.link("run").facts["run_id"]
    try:
        result = read_json(local_artifacts(run_id, "validate/result.json"))
    except (TataraError, ValueError) as error:
        raise _broken("validation", str(error)) from None
    if not result["success"] or result["revision"] != chain.link("data").facts["revision"]:
        raise _broken("validation", "the validation result is not a success on this data revision")


def _verify_code(link: Link, chain: Chain) -> None:
    commit, lock = link.facts["git_commit"], link.facts["lock_sha256"]
    root = project_root()

    def git(*words: str) -> bytes:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
        if done.returncode:
            raise _broken("code", f"git has no {' '.join(words[1:])}: {done.stderr.decode().strip().splitlines()[-1:]}")
        return done.stdout

    if commit is None:
        return
    git("cat-file", "-e", f"{commit}^{{commit}}")
    if not link.facts["git_dirty"] and sha256_bytes(git("show", f"{commit}:{LOCK}")) != lock:
        raise _broken("code", f"{LOCK} at commit {commit[:12]} is not the lock that was recorded")
    here = git("rev-parse", "HEAD").decode().strip()
    if here == commit and sha256_file(root / LOCK) != lock:
        raise _broken("code", f"{LOCK} in the working tree is not the lock that was recorded at this commit")


def _verify_run(link: Link, chain: Chain) -> None:
    if digest(logged_parameters(link.facts["run_id"])) != link.facts["parameters"]:
        raise _broken("run", f"MLflow's parameters of run {link.facts['run_id']} are not those that were recorded")


def _verify_version(link: Link, chain: Chain) -> None:
    facts = dict(link.facts)
    name, version = facts.pop("name"), facts.pop("version")
    if version_facts(name, version) != facts:
        raise _broken("version", f"the registry's record of {name}/{version} is not what was recorded")


def _verify_approval(link: Link, chain: Chain) -> None:
    granted, onnx = Granted.model_validate(link.facts), dict(chain.link("onnx").artifacts)
    if onnx.pop(CONTRACT, None) != granted.binds["contract"]:
        raise _broken("approval", "it was given to another contract.json")
    if digest(onnx) != granted.binds["model"]:
        raise _broken("approval", "it was given to another model")
    version = chain.link("version").facts
    log = {
        act.digest for act in audit.acts(version["name"], version["version"]) if audit.true_digest(act) == act.digest
    }
    if not granted.acts or not log.issuperset(granted.acts):
        raise _broken("approval", "the registry's audit log does not hold it; `tatara review audit` says more")


def _verify_bento(link: Link, chain: Chain) -> None:
    if extra := sorted(bento_files(link.facts).keys() - link.artifacts.keys()):
        raise _broken("bento", f"{extra[0]} was added to the Bento store after packaging")
