"""COCO's compressed run lengths, checked before any library reads them: pycocotools trusts what it is given."""

import numpy as np
from numpy.typing import NDArray

_LONGEST = 7
"""Characters of one number: five bits each hold any length that 32 bits do."""


def run_lengths(counts: str) -> NDArray[np.int64] | None:
    """The lengths of the runs, of 0 first, down the columns; None where ``counts`` are not COCO's.

    The format is that of ``rleFrString`` in the COCO API: characters from "0" on carry five bits and a mark of
    continuation, the lowest bits first; from the fourth number on, a number is the difference to the one two before.
    """
    codes = np.frombuffer(counts.encode("utf-8"), np.uint8).astype(np.int64) - 48
    if not len(codes):
        return np.empty(0, np.int64)
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        return None
    ends = np.flatnonzero(codes & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() >= _LONGEST:
        return None
    place = np.arange(len(codes)) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((codes & 31) << (5 * place), starts)
    negative = codes[ends] & 16 != 0
    numbers[negative] -= np.int64(1) << (5 * (ends - starts + 1)[negative])
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return None if (numbers < 0).any() else numbers
