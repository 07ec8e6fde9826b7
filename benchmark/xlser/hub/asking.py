"""Asking the Hub: what it refuses becomes an error of ours, bars appear at a terminal alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import errors
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from xlser.errors import HubAccessError, HubError, HubNotFoundError, HubUnavailableError

_BASES = [base for base in errors.HfHubHTTPError.__bases__ if issubclass(base, Exception)]
_RAISED: tuple[type[Exception], ...] = (errors.HFValidationError, *_BASES)
"""What huggingface_hub raises; bases of its errors are those of its HTTP library and OSError."""

_LOG_IN = (
    "Make a token with write access at https://huggingface.co/settings/tokens, then: "
    "hf auth login, or set HF_TOKEN."
)
_AGAIN = "Give the same command again later: what has been sent or fetched is kept."


@contextmanager
def asking(repository: str) -> Iterator[None]:
    """Raise what huggingface_hub raises in the block as an error of ours.

    Its bars appear at a terminal alone.

    Args:
        repository: `OWNER/NAME` that the block asks for.

    Raises:
        HubAccessError: the Hub answers 401 or 403, or the repository is gated.
        HubNotFoundError: there is no such repository or revision.
        HubUnavailableError: no network, too many requests (429), or a fault of the Hub (5xx).
        HubError: another refusal.
    """
    quiet = not (sys.stderr.isatty() or are_progress_bars_disabled())
    if quiet:
        disable_progress_bars()
    try:
        yield
    except _RAISED as cause:
        raise _in_words(cause, repository) from cause
    finally:
        if quiet:
            enable_progress_bars()


def require_token() -> None:
    """Require a token of the Hub on this machine.

    Raises:
        HubAccessError: there is none.
    """
    from huggingface_hub import get_token

    if not get_token():
        raise HubAccessError("There is no token of the Hugging Face Hub here.", _LOG_IN)


def _in_words(cause: BaseException, repository: str) -> HubError:
    if isinstance(cause, errors.LocalEntryNotFoundError) and isinstance(
        cause.__cause__, errors.HfHubHTTPError
    ):  # the answer of the Hub, in the clothes of a missing file
        return _in_words(cause.__cause__, repository)
    if isinstance(cause, errors.HFValidationError):
        return HubError(f"{repository!r} is no name of a repository.", "Write OWNER/NAME.")
    if isinstance(cause, errors.RevisionNotFoundError):
        return HubNotFoundError(
            f"{repository} has no such revision.",
            f"Name a commit, tag or branch of it: hf://datasets/{repository}@REVISION.",
        )
    if isinstance(cause, errors.HfHubHTTPError):
        return _of_status(cause, repository)
    return HubUnavailableError(
        f"The Hub cannot be reached for {repository} ({_first_line(cause)}).",
        f"Look at the network and at HF_HUB_OFFLINE. {_AGAIN}",
    )


def _of_status(cause: errors.HfHubHTTPError, repository: str) -> HubError:
    """Return an error by the status of the Hub's answer."""
    status = cause.response.status_code
    if isinstance(cause, errors.GatedRepoError):
        return HubAccessError(
            f"{repository} is gated: its owner gives access on request.",
            f"Ask for it on the page of {repository}. {_LOG_IN}",
        )
    if status == 404 or isinstance(cause, errors.RepositoryNotFoundError):
        return HubNotFoundError(
            f"{repository} is not on the Hub, or it is private.",
            f"Correct OWNER/NAME. For a private one: {_LOG_IN}",
        )
    if status in (401, 403):
        return HubAccessError(
            f"The Hub refuses this token for {repository} ({status}).",
            f"Name a repository of yours, or send a pull request: --pull-request. {_LOG_IN}",
        )
    if status == 429:
        return HubUnavailableError(
            f"The Hub takes no more requests now (429), for {repository}.",
            f"Wait some minutes. {_AGAIN}",
        )
    if status >= 500:
        return HubUnavailableError(f"The Hub failed ({status}), for {repository}.", _AGAIN)
    return HubError(
        f"The Hub refused {repository} ({status}): {_first_line(cause)}.",
        "Correct what it names; https://status.huggingface.co shows the Hub's own faults.",
    )


def _first_line(cause: BaseException) -> str:
    return (str(cause).strip() or type(cause).__name__).splitlines()[0].rstrip(".")
