"""Identifiers that follow from what they name: the same source, model and options give the same objects."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

NAMESPACE: Final = uuid.UUID("6d3f2a5e-8b1c-5d7e-9a40-1f2e3d4c5b6a")
"""Namespace of every identifier made here; version 5 of RFC 9562 on it gives the number behind ``2.25``."""
ROOT: Final = "2.25."
"""The root under which a UUID is a UID without registration (PS3.5, B.2)."""


def uid_of(*parts: Any) -> str:
    """Make a UID of JSON values.

    Parameters
    ----------
    *parts
        What is named: JSON values.

    Returns
    -------
    str
        At most 44 characters; the same for the same parts.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return f"{ROOT}{uuid.uuid5(NAMESPACE, hashlib.sha256(text.encode()).hexdigest()).int}"


def replaced_uid(uid: str) -> str:
    """UID that stands for another one where the patient must not be found by it; always the same for the same one."""
    return uid_of("anonymised", uid)


@dataclass(frozen=True)
class Uids:
    """The identifiers of one case's objects.

    Attributes
    ----------
    key : str
        Digest of everything that the objects follow from.
    """

    key: str

    def series(self, kind: str) -> str:
        """UID of the series of one kind of objects: ``seg``, ``sr`` or ``sc``."""
        return uid_of(self.key, kind, "series")

    def instance(self, kind: str, number: int = 1) -> str:
        """UID of an object of that series, by its number from 1."""
        return uid_of(self.key, kind, "instance", number)

    def other(self, name: str) -> str:
        """UID of anything else that the objects share or hold."""
        return uid_of(self.key, name)
