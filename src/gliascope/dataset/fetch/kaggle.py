"""The download from Kaggle, by kagglehub: resumed, never waiting for ever, and every failure told with a way on."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from gliascope.errors import FetchError, MissingExtra, require_extra

HANDLE: Final = "mateuszbuda/lgg-mri-segmentation/versions/2"
"""Name and version of the data set at Kaggle; the version is fixed so that everybody gets the same files."""

PAGE: Final = "https://www.kaggle.com/datasets/mateuszbuda/lgg-mri-segmentation"

BY_HAND: Final = (
    f"You can go on without it: open {PAGE} in a browser, press Download, and run\n"
    "  gliascope data fetch -o DIR --from archive.zip\n"
    "with the file that you got, or with the folder it was unpacked to."
)

ROOM: Final = 3 * 10**9
"""Bytes of disk that the download needs: the archive, and its 2 copies of 3,929 images and masks unpacked."""

TIMEOUT: Final = (5.0, 20.0)
"""Seconds to wait for a connection, and for the next bytes."""

_CACHE: Final = "KAGGLEHUB_CACHE"

Say = Callable[[str], None]
"""Called with each step that kagglehub tells."""


def check_kagglehub() -> None:
    """Make sure that kagglehub is installed.

    Raises
    ------
    MissingExtra
        The message tells the way without it, too.
    """
    try:
        require_extra("gliascope data fetch", "data", "kagglehub")
    except MissingExtra as error:
        raise MissingExtra(f"{error}\n{BY_HAND}") from error


def download(cache: Path | None, say: Say, *, bar: bool) -> Path:
    """Download and unpack the data set, or go on where an earlier call was cut off.

    Parameters
    ----------
    cache : Path or None
        Where kagglehub keeps what it downloads; None leaves that to kagglehub and its environment variables.
    say : callable
        See `Say`.
    bar : bool
        Show kagglehub's progress bar on standard error.

    Returns
    -------
    Path
        The folder with the data set, inside `cache` unless kagglehub has the files elsewhere, as it does in Kaggle's
        own notebooks.

    Raises
    ------
    FetchError
        If the data set cannot be downloaded.
    """
    with _environment(cache), _told_to(say), _impatient(), contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        if not bar:
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        import kagglehub

        try:
            return Path(kagglehub.dataset_download(HANDLE))
        except Exception as error:
            reason = _reason(error)
            if reason is None:
                raise
            raise FetchError(f"the data set could not be downloaded: {reason}.\n{BY_HAND}") from error


def in_user_cache() -> bool:
    """Whether the user has told kagglehub where to keep what it downloads."""
    return bool(os.environ.get(_CACHE))


def _reason(error: Exception) -> str | None:
    """Say in one line why the download failed; None for an error that is not about it."""
    import requests
    from kagglehub import exceptions

    if isinstance(error, zipfile.BadZipFile) or str(error) == "Unsupported archive type.":
        archive().unlink(missing_ok=True)
        return "what arrived is no whole archive; it was removed, and another call begins anew"
    if isinstance(error, exceptions.DataCorruptionError):
        return "what arrived does not match its checksum; it was removed, and another call begins anew"
    response = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and response is not None:
        return _status(response.status_code)
    if isinstance(error, requests.RequestException):
        size = archive().stat().st_size if archive().is_file() else 0
        kept = f"; {size / 1e6:.0f} MB have arrived, and the same command goes on from there" if size else ""
        return f"Kaggle cannot be reached or fell silent ({_cause(error)}){kept}"
    if isinstance(error, ValueError | exceptions.CredentialError | exceptions.KaggleEnvironmentError):
        return f"kagglehub refused ({error})"
    return None


def _status(status: int) -> str:
    if status in (401, 403):
        return (
            f"Kaggle refused with status {status}: it may want you to sign in. Make a token at "
            "https://www.kaggle.com/settings, set KAGGLE_API_TOKEN to it, and call again"
        )
    if status == 404:
        return f"Kaggle does not have {HANDLE} (status 404)"
    return f"Kaggle answered with status {status}"


def archive() -> Path:
    """Where kagglehub keeps the archive until it is whole and unpacked."""
    from kagglehub.cache import get_cached_archive_path
    from kagglehub.handle import parse_dataset_handle

    return Path(get_cached_archive_path(parse_dataset_handle(HANDLE)))


def _cause(error: BaseException) -> str:
    """Innermost reason of a failed request, without the connection's own name."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else type(error).__name__)
    return re.sub(r"^HTTPS?Connection(Pool)?\(.*?\): ", "", str(reason))


@contextlib.contextmanager
def _environment(cache: Path | None) -> Iterator[None]:
    """Let kagglehub, which reads the variable at each call, keep its files in `cache`."""
    if cache is None:
        yield
        return
    before = os.environ.get(_CACHE)
    os.environ[_CACHE] = str(cache)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE]
        else:
            os.environ[_CACHE] = before


class _Relay(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


@contextlib.contextmanager
def _told_to(say: Say) -> Iterator[None]:
    """Hand kagglehub's messages on; by itself it prints them on standard output, where results belong."""
    import kagglehub  # sets up its logger when it is imported

    logger = logging.getLogger(kagglehub.__name__)
    before = (list(logger.handlers), logger.level)
    logger.handlers[:] = [_Relay(say)]
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.handlers[:] = before[0]
        logger.setLevel(before[1])


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give every request a timeout, and close every answer in the end.

    kagglehub 1.0 has no timeout where it asks for the archive and begins to read it: a network that is gone would be
    waited for without end.
    """
    import requests

    send, answers = requests.Session.send, contextlib.ExitStack()

    def send_with_timeout(self: Any, request: Any, **options: Any) -> Any:
        answer = send(self, request, **{**options, "timeout": options.get("timeout") or TIMEOUT})
        answers.callback(answer.close)
        return answer

    requests.Session.send = send_with_timeout  # type: ignore[method-assign]  # put back below
    try:
        with answers:
            yield
    finally:
        requests.Session.send = send  # type: ignore[method-assign]  # as it was
