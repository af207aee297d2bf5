"""The verbs of the command line: what each is called, and where its code lies."""

import json
import os
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Verb:
    """One verb: ``module:function``, and its lines in the help."""

    function: str
    help: str
    usage: str
    words: str = "key=value parameters"


@dataclass(frozen=True)
class Request:
    """What was asked: of which verb, with which plain words and ``key=value`` options, and whether for a program."""

    verb: str
    words: tuple[str, ...]
    options: dict[str, str]
    json: bool

    @property
    def usage(self) -> str:
        """The verb's forms, as the help shows them; where a second verb was given, of a list, that one."""
        usage = VERBS[self.verb].usage
        first, _, rest = usage.removeprefix(f"{self.verb} ").partition(" ")
        second = self.words[0] if self.words else ""
        return f"{self.verb} {second} {rest}" if "|" in first and second in first.split("|") else usage


class Output:
    """Standard output. With ``--json`` whatever libraries print there goes to standard error, and one object to it."""

    def __init__(self, json_wanted: bool) -> None:
        self.json = json_wanted
        self._kept: int | None = None

    def __enter__(self) -> "Output":
        if self.json:
            sys.stdout.flush()
            self._kept = os.dup(1)
            os.dup2(2, 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kept is not None:
            sys.stdout.flush()
            os.dup2(self._kept, 1)
            os.close(self._kept)

    def give(self, value: dict[str, Any], text: str) -> None:
        """Print ``text`` for people, or ``value`` as one JSON object for programs."""
        if self._kept is None:
            print(text)
            return
        line = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str) + "\n"
        sys.stdout.flush()
        os.dup2(self._kept, 1)
        try:
            print(line, end="", flush=True)
        finally:
            os.dup2(2, 1)


_STAGES = "tatara.verbs.stages:"

VERBS = {
    "demo": Verb("tatara.verbs.demo:demo", "the whole way on the embedded digits, to answered requests", "demo"),
    "doctor": Verb(
        "tatara.verbs.doctor:doctor", "examine this installation; one fix for each problem", "doctor [gpu=true]"
    ),
    "data": Verb(
        "tatara.verbs.data:data",
        "datasets: list, show N, check N, add PATH name=N, fetch N, pull, push",
        "data list|show|check|add|fetch|pull|push [NAME|PATH] [key=value ...]",
        "what to do, and with which dataset",
    ),
    "models": Verb(
        "tatara.verbs.models:models",
        "what can be trained: list, show MODEL",
        "models list|show [MODEL] [key=value ...]",
    ),
    "run": Verb(
        "tatara.verbs.stages:run",
        "the whole way: validate, train, convert, evaluate, register, check, package [serve]",
        "run KIND data=D model=M [key=value ...]   |   run resume=RUN",
    ),
    "validate": Verb(_STAGES + "validate", "one step: check the data", "validate KIND data=D [workspace=DIR]"),
    "train": Verb(_STAGES + "train", "one step: train", "train KIND workspace=DIR [params=FILE] [key=value ...]"),
    "convert": Verb(_STAGES + "convert", "one step: to ONNX, proven against TensorFlow", "convert workspace=RUN"),
    "evaluate": Verb(_STAGES + "evaluate", "one step: measure on the test split", "evaluate workspace=RUN"),
    "register": Verb(_STAGES + "register", "one step: register if first or not worse", "register workspace=RUN"),
    "check": Verb(_STAGES + "check", "one step: gather evidence, and judge it by the policy", "check workspace=RUN"),
    "package": Verb(_STAGES + "package", "one step: build the Bento", "package workspace=RUN"),
    "review": Verb(
        "tatara.verbs.review:review",
        "who lets a model serve: list, show, check, approve, reject, promote, audit, users, ...",
        "review list|show|check|submit|approve|reject|changes|comment|card|promote|rollback|withdraw|retire|audit|"
        "reconcile|hooks|deliver|move|serve|users [NAME/VERSION] [reason=...]",
        "what to do, and with which version",
    ),
    "compare": Verb(
        "tatara.verbs.compare:compare", "runs side by side: table and picture", "compare RUN|NAME/VERSION ..."
    ),
    "serve": Verb(
        "tatara.verbs.serve:serve",
        "serve a registered model until Ctrl-C",
        "serve NAME[@alias|/version] [port=P] [gpu=true] [int8=true] [key=FILE]",
    ),
    "deploy": Verb(
        "tatara.verbs.deploy:deploy",
        "serve what the registry's release record names, and follow it; or tell the server that does",
        "deploy NAME [NAME ...] [--canary 10%|--shadow] [follow=true] [port=P] [gpu=true] [int8=true] [key=FILE] "
        "[agreement=0.8] [ensemble=FILE] [channel=DIR] [channel_key=FILE]",
        "registered models",
    ),
    "rollout": Verb(
        "tatara.verbs.rollout:rollout",
        "the canary or shadow that is tried: status, promote, abort",
        "rollout status|promote|abort NAME [reason=...] [force=true]",
        "what to do, and with which deployment",
    ),
    "rollback": Verb(
        "tatara.verbs.rollout:rollback",
        "let the version before serve again, and pin it",
        "rollback NAME [reason=...]",
        "a deployment",
    ),
    "status": Verb(
        "tatara.verbs.rollout:status",
        "deployments of this machine: what serves, what served, and why",
        "status [NAME]",
        "a deployment",
    ),
    "predict": Verb(
        "tatara.verbs.serve:predict",
        "answers for image files",
        "predict NAME FILE ... [top=] [score=] [classes=] [masks=] [save=out.png] [url=http://...] [key=FILE]",
        "a registered model, then files",
    ),
    "keys": Verb(
        "tatara.verbs.keys:keys",
        "API keys of services: make, list, revoke",
        "keys [list] | add NAME [days=N] [rate=N] | revoke ID|NAME [file=FILE]",
        "what to do, and for whom",
    ),
    "replay": Verb(
        "tatara.verbs.replay:replay",
        "a logged request answered again, and compared",
        "replay REQUEST_ID [FILE ...] [log=FOLDER]",
        "the request's id, then files that the log does not hold",
    ),
    "bench": Verb(
        "tatara.verbs.bench:bench",
        "how fast this machine serves: beside other servers, or NAME by number of connections",
        "bench serving [NAME] [int8=true] [seconds=S] [rounds=R] [servers=ours,fastapi,...] [save=FILE.png]",
        "what to measure, and perhaps of which registered model",
    ),
    "lineage": Verb(
        "tatara.verbs.lineage:lineage",
        "the chain behind a model: show, verify",
        "lineage show|verify NAME[@alias|/version] | DIGEST",
    ),
    "export": Verb(
        "tatara.verbs.export:export",
        "a registered model in other formats, each measured beside the original on the test split",
        "export NAME[@alias|/version] --format onnx|int8|savedmodel|tflite|tfjs|all",
        "a registered model",
    ),
    "profile": Verb(
        "tatara.verbs.profile:profile",
        "where a training step's time goes: shares, operations, memory, and what stands out",
        "profile KIND model=M [data=D] [steps=20] [key=value ...]",
    ),
    "notebook": Verb(
        "tatara.verbs.notebook:notebook",
        "Jupyter Lab with a token on this machine alone, and the SSH tunnel to it, until Ctrl-C",
        "notebook [port=8888]",
    ),
    "sign": Verb(
        "tatara.verbs.sign:sign",
        "sign a version's package, evidence and approval; `sign keys` makes the keys",
        "sign NAME[@alias|/version] | PATH [key=FILE]   |   sign keys [key=FILE]",
    ),
    "verify": Verb(
        "tatara.verbs.sign:verify",
        "hold a version, file or folder to its signature",
        "verify NAME[@alias|/version] | PATH [key=FILE]",
    ),
}
