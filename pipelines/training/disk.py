"""What a full disk says."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tatara.core.errors import TataraError

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EFBIG: "the file grew too large"}


@contextmanager
def full_disk_named(place: Path) -> Iterator[None]:
    """Within the block, a write that fails for lack of space raises one clear line instead of a trace.

    Raises:
        TataraError: the disk is full, the quota used up, or the limit on a file's size reached.
    """
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and cause.errno in _FULL:
                where = cause.filename or place
                raise TataraError(
                    f"{where}: {_FULL[cause.errno]}; free some space, then run the same command again to continue"
                ) from error
            cause = cause.__cause__ or cause.__context__
        if "disk is full" in str(error) or "No space left" in str(error):  # SQLite's and TensorFlow's own words
            raise TataraError(
                f"{place}: the disk is full; free some space, then run the same command again to continue"
            ) from error
        raise
