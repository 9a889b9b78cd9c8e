"""User, password and token: from the environment or a file, never from the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gliascope.errors import InputError

VARIABLES: Final = {
    "user": "GLIASCOPE_PACS_USER",
    "password": "GLIASCOPE_PACS_PASSWORD",
    "token": "GLIASCOPE_PACS_TOKEN",
}
"""Environment variable of each secret."""
LARGEST: Final = 2**16
"""Bytes of a file with secrets that are read."""


@dataclass(frozen=True)
class Credentials:
    """What proves who asks; it does not show itself.

    Attributes
    ----------
    user, password : str
        For basic authentication.
    token : str
        For bearer authentication.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.token)


def read_credentials(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Credentials:
    """Find the secrets for an archive.

    Parameters
    ----------
    path : Path, optional
        A TOML file with ``user`` and ``password``, or with ``token``. Without it the environment is asked.
    environment : mapping, optional
        By default the process's own; see `VARIABLES`.

    Returns
    -------
    Credentials
        None of them where nothing is named.

    Raises
    ------
    InputError
        If the file cannot be used, others may read it, or the secrets do not fit together. The message never quotes.
    """
    if path is not None:
        return _checked(_in_file(path), str(path))
    values = os.environ if environment is None else environment
    found = {key: values.get(name, "") for key, name in VARIABLES.items()}
    return _checked(found, "the environment")


def is_owners_alone(status: os.stat_result) -> bool:
    """Whether nobody but its owner may read a file, as far as the system's permissions tell."""
    return os.name != "posix" or not status.st_mode & 0o077


def _in_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            if not is_owners_alone(os.fstat(stream.fileno())):
                raise InputError(f"{path}: a file with secrets must be its owner's alone: chmod 600")
            content = stream.read(LARGEST)
    except OSError as error:
        raise InputError(f"{path}: a file with secrets must be readable, received {error.strerror}") from error
    try:
        return tomllib.loads(content.decode())
    except ValueError:
        raise InputError(f"{path}: a file with secrets must be TOML, received something else") from None


def _checked(values: dict[str, Any], where: str) -> Credentials:
    rule = "secrets must be `user` and `password`, or `token`, each a text of one line"
    texts = {key: values.get(key, "") for key in VARIABLES}
    if set(values) - set(VARIABLES) or any(not isinstance(one, str) or not one.isprintable() for one in texts.values()):
        raise InputError(f"{where}: {rule}, received something else")
    found = Credentials(**texts)
    if found.token and (found.user or found.password):
        raise InputError(f"{where}: {rule}, received both")
    if bool(found.user) != bool(found.password) or ":" in found.user:
        raise InputError(f"{where}: {rule}, received one of the two, or a user with a colon")
    return found
