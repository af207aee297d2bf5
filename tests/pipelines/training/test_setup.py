"""What a process is before it trains."""

import pytest
import tensorflow as tf

from pipelines.parameters import resolve
from pipelines.training.setup import settle


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_graph_optimizer_that_orders_sums_anew_in_each_process_is_off_where_bytes_matter(
    deterministic: bool,
) -> None:
    settle(resolve("instances", {"data": "d", "deterministic": deterministic}))
    assert tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"] == deterministic
