"""What is asked of a library in a process of its own: each module here has ``facts() -> dict``."""
