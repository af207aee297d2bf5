"""Requests made up from the service's own description: none gets a 5xx, every answer is as described."""

import pytest

from benchmarks.fuzz import fuzz, small_service


@pytest.mark.slow
def test_no_made_up_request_breaks_the_service() -> None:
    with small_service() as url:
        found = fuzz(url, 300)

    assert found["failures"] == 0, found["report"]
    assert found["requests"] >= 300
