"""Bringing ``data/`` from a DVC remote, and sending it to the team's."""

from pipelines.datasets.dataset import dataset_names
from pipelines.datasets.repository import EMBEDDED, allow_push, data_output, default_remote, exclusive, repository
from tatara.core.errors import TataraError, UsageError


def pull() -> list[str]:
    """Bring ``data/`` to what ``data.dvc`` records; returns the names of the datasets that are there then.

    Raises:
        TataraError: the remote does not have it or cannot be reached, or unrecorded changes would be lost.
    """
    from dvc.exceptions import CheckoutError, ConfirmRemoveError

    with exclusive(), repository() as repo:
        try:
            repo.pull()
        except ConfirmRemoveError:
            raise TataraError(
                "data/ holds changes that data.dvc does not record; keep them with `dvc add data`, or drop them with "
                "`dvc checkout --force data.dvc`"
            ) from None
        except CheckoutError:
            raise TataraError(
                f"data.dvc names data that is neither here nor in remote {default_remote(repo)!r}; run "
                "`tatara data push` where it was added, or set the remote that has it (`dvc remote default NAME`)"
            ) from None
    return dataset_names()


def push() -> tuple[str, int]:
    """Send ``data/`` as ``data.dvc`` records it to the team's remote; returns its name and the count of files sent.

    Raises:
        UsageError: the default remote is the embedded one, where users' data never goes.
        TataraError: the remote cannot be reached or written; ``data.dvc`` is as before.
    """
    with exclusive(), repository() as repo:
        remote = default_remote(repo)
        if remote == EMBEDDED:
            raise UsageError(
                "the only remote is the embedded one, which is for the project's own datasets; add your team's with "
                "`dvc remote add -d team s3://BUCKET/PATH` (or gs://, ssh://, a folder) and push again"
            )
        allowed_before = data_output(repo).can_push
        try:
            allow_push(repo, True)
            return remote, int(repo.push())
        except BaseException:
            allow_push(repo, allowed_before)
            raise
