"""What a model comes to as ONNX, and the memory that it takes to get there."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

# In a process of its own, whose children's memory is that of the export alone.
SHOW = """
import json, resource, sys
from pipelines.catalogue import show_model
card = show_model(sys.argv[1], json.loads(sys.argv[2]))
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"parameters": card.parameters, "bytes": card.bytes, "kilobytes": most}))
"""


def exports_at(parameters: int, model: str, options: dict[str, str]) -> None:
    """The export's size is that of its weights, and it takes less than six gigabytes."""
    command = [sys.executable, "-c", SHOW, model, json.dumps(options)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["parameters"] == parameters
    assert found["bytes"] == pytest.approx(4 * parameters, rel=0.05)
    assert 1e5 < found["kilobytes"] < 6e6
