"""Errors that a user meets. Each carries one line: what is wrong, where, and what to do."""


class TataraError(Exception):
    """Something failed. The command line prints the message and exits with ``exit_code``."""

    exit_code = 1


class UsageError(TataraError):
    """The command was given something that it does not take."""

    exit_code = 2


class RefusedError(TataraError):
    """A validation, a gate or a verification said no."""

    exit_code = 3


class BoundError(RefusedError):
    """One example breaks a rule of the contract, whose name is ``rule``."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class DecodeError(TataraError):
    """The bytes of one example cannot be read; the message names the reason."""


class TooLargeError(DecodeError):
    """An example is larger than what is decoded, by the cap ``rule``; told from its header."""

    rule: str


class PixelsError(TooLargeError):
    """An image has more pixels than are decoded; told from its header."""

    rule = "max_pixels"


class SamplesError(TooLargeError):
    """A sound has more samples than are decoded; told from its header."""

    rule = "max_samples"
