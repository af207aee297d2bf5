"""The tiny project of the tests of datasets."""

from tests.pipelines.datasets.conftest import tiny_pristine, tiny_project

__all__ = ["tiny_pristine", "tiny_project"]
