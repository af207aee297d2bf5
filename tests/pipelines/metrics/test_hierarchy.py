"""Heights of common ancestors, by hand."""

from pipelines.metrics.hierarchy import lca_height


def test_a_husky_called_a_malamute_is_not_a_husky_called_a_bus() -> None:
    hierarchy = {
        "husky": ["animal", "dog"],
        "malamute": ["animal", "dog"],
        "cat": ["animal"],
        "bus": ["vehicle"],
    }
    found = lca_height(["husky", "malamute", "cat", "bus"], hierarchy)
    assert found.tolist() == [[0, 1, 2, 3], [1, 0, 2, 3], [2, 2, 0, 2], [3, 3, 2, 0]]
