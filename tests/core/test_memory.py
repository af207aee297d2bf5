"""What the memory allows."""

from pathlib import Path

import psutil

from tatara.core.memory import BYTES_A_PIXEL, IMAGES_SHARE, default_pixels, memory_budget


def test_a_containers_limit_counts_where_it_is_less_than_the_machine_has(tmp_path: Path) -> None:
    machine = psutil.virtual_memory().total
    limit = tmp_path / "memory.max"

    for text, expected in (("max\n", machine), ("536870912\n", 536870912), (f"{2**60}\n", machine), ("", machine)):
        limit.write_text(text)
        assert memory_budget((str(limit), str(tmp_path / "none"))) == expected


def test_as_many_images_as_threads_fit_into_their_share() -> None:
    for threads in (1, 2, 16):
        for budget in (2**30, 2**33, 2**35):
            pixels = default_pixels(threads, budget)
            assert 10**6 <= pixels <= 10**8
            assert pixels in (10**6, 10**8) or threads * pixels * BYTES_A_PIXEL <= budget // IMAGES_SHARE
    assert default_pixels(2, 2**32) > default_pixels(4, 2**32)
