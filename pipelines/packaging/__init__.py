"""Building Bentos without a Docker daemon."""
