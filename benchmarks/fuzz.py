"""Requests that schemathesis makes up from the service's own description, right and wrong ones, without a 5xx.

    python -m benchmarks.fuzz [requests=20000] [url=http://...] [seed=1]

Without an address a small model of this process is asked. 20,000 take about twenty minutes on two cores. Prints one
JSON object; exits with 1 where a request got a 5xx, or an answer that is not as described.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
OPERATIONS = 20
"""Of the description, about: each gets as many requests."""


def fuzz(url: str, requests: int, seed: int = 1) -> dict[str, Any]:
    """Ask a service about ``requests`` made-up questions.

    Returns:
        ``requests`` (really made), ``failures`` and schemathesis's ``report``.
    """
    with TemporaryDirectory() as folder:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/openapi.json",
            "--max-examples", str(max(1, requests // OPERATIONS)), "--mode", "all", "--seed", str(seed),
            "--checks", CHECKS, "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off",
            "--no-shrink", "--phases", "coverage,fuzzing",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    counted = re.search(r"(\d+) generated", done.stdout)
    made = int(counted.group(1)) if counted else 0
    return {"requests": made, "failures": done.returncode, "report": done.stdout[-4000:] + done.stderr[-1000:]}


@contextmanager
def small_service() -> Iterator[str]:
    """The address of a service of a small classifier in this process."""
    from tests.services.in_process import serving
    from tests.services.model_folder import BOUNDS, write_model_folder

    with TemporaryDirectory() as folder, serving(write_model_folder(Path(folder) / "model", BOUNDS)) as url:
        yield url


def main() -> int:
    """Read the command line, ask, print."""
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    wanted, seed = int(given.get("requests", 20_000)), int(given.get("seed", 1))
    made, report = 0, ""
    if "url" in given:
        found = fuzz(given["url"], wanted, seed)
        made, report = found["requests"], found["report"] if found["failures"] else ""
    else:
        with small_service() as url:
            while made < wanted and not report:
                found = fuzz(url, wanted - made, seed)
                made, seed = made + max(1, found["requests"]), seed + 1
                report = found["report"] if found["failures"] else ""
    print(report, file=sys.stderr)
    print(json.dumps({"requests": made, "failed": bool(report)}))
    return 1 if report else 0


if __name__ == "__main__":
    sys.exit(main())
