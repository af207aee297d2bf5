"""A process that runs command lines when it is told to: each line of its input is {at, user, words}, each of its output
{code, out, err}."""

import contextlib
import io
import json
import os
import sys
import time

from registry import database
from tatara import cli


def main() -> None:
    database.engine()  # and MLflow, before the first command
    _say({})
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ["TATARA_USER"] = asked["user"]
        out, err = io.StringIO(), io.StringIO()
        while time.time() < asked["at"]:
            pass
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(asked["words"])
        _say({"code": code, "out": out.getvalue(), "err": err.getvalue()})


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
