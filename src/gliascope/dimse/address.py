"""What a PACS is called among application entities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gliascope.errors import InputError

TITLE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?", re.ASCII)
"""An application entity's title: up to 16 printable characters of ASCII, no backslash, no space around them."""
_ADDRESS: Final = re.compile(r"(?P<title>.+)@(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(?P<port>[0-9]{1,5})", re.ASCII)


@dataclass(frozen=True)
class Address:
    """Where a PACS listens.

    Attributes
    ----------
    title : str
    host : str
    port : int
    """

    title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.title}@{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Understand ``AET@HOST:PORT``.

    Raises
    ------
    InputError
        If it is something else.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 2**16:
        raise InputError(f"a PACS must be named as AET@HOST:PORT, received {text!r}")
    return Address(checked_title(found["title"]), found["host"].strip("[]"), int(found["port"]))


def checked_title(text: str) -> str:
    """Give back an application entity's title.

    Raises
    ------
    InputError
        If it is none.
    """
    if not TITLE.fullmatch(text):
        raise InputError(f"an AE title must be 1 to 16 printable characters, received {text!r}")
    return text
