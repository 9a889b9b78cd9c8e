"""Encrypted connections: whose certificates are trusted, and our own."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Final

from gliascope.archive.secrets import is_owners_alone
from gliascope.errors import InputError

_FINAL: Final = re.compile(
    r"[A-Z0-9]+_ALERT_(?:UNKNOWN_CA|(?:BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN|REQUIRED)"
    r"|HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY|ACCESS_DENIED)\b"
)
"""Alerts, as OpenSSL calls them, that the next try would meet again; others, as of an internal error, may pass."""


def client_context(ca_file: Path | None = None, certificate: Path | None = None) -> ssl.SSLContext:
    """Say which servers are trusted, and who we are; certificates and names are always verified.

    Parameters
    ----------
    ca_file : Path, optional
        Certificates that are trusted in place of the system's.
    certificate : Path, optional
        Our own certificate and its key, both in PEM, without a passphrase.

    Returns
    -------
    ssl.SSLContext

    Raises
    ------
    InputError
        If a file cannot be used, or others may read the one with our key.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl's errors are of this kind
        raise InputError(f"{ca_file}: a file with trusted certificates must hold PEM, received none") from error
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, password=_no_passphrase)
            status = certificate.stat()
        except (OSError, ValueError) as error:
            rule = "a file with one's own certificate must hold it and its key as PEM, without a passphrase"
            raise InputError(f"{certificate}: {rule}, received another") from error
        if not is_owners_alone(status):
            raise InputError(f"{certificate}: a file with a private key must be its owner's alone: chmod 600")
    return context


def objection(error: Exception) -> str:
    """What one side has against the other for good; empty where another try may help.

    Parameters
    ----------
    error : Exception
        Of ssl's, or one that quotes it.
    """
    words = str(error)
    if "certificate verify failed" in words.lower().replace("_", " "):
        return "the certificate must be one that is trusted (--ca-file), received another"
    alert = _FINAL.search(words)
    return f"TLS must be agreed on, perhaps after --certificate, received {alert[0]}" if alert else ""


def system_certificates() -> str | None:
    """Where OpenSSL finds what the system trusts, a file or a folder; None where it finds none, as on Windows."""
    places = ssl.get_default_verify_paths()
    if places.cafile:
        return places.cafile
    return places.capath if places.capath and any(Path(places.capath).iterdir()) else None


def _no_passphrase() -> bytes:
    """Keep OpenSSL from asking at the terminal."""
    return b""
