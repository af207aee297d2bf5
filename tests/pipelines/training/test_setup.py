"""What a process is before it trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from pipelines.parameters import resolve
from pipelines.training.setup import settle
from tatara.core.home import library_environment


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_graph_optimizer_that_orders_sums_anew_in_each_process_is_off_where_bytes_matter(
    deterministic: bool,
) -> None:
    settle(resolve("instances", {"data": "d", "deterministic": deterministic}))
    assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"] == deterministic


_WHOLE_NUMBERS = """
from pipelines.training import quiet
quiet.import_tensorflow()
import tensorflow as tf
tf.function(lambda a: tf.matmul(a, a) + tf.transpose(tf.add_n([a, a])))(tf.ones((4, 4), tf.int32))
"""


def test_what_tensorflow_calls_an_error_and_goes_on_is_not_shown(tmp_path: Path) -> None:
    """On some processors it would tell of products of whole numbers, `oneDNN supports DT_INT32 only on ...`."""
    environment = {**os.environ, **library_environment(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _WHOLE_NUMBERS], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
