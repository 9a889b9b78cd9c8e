"""Certificates that openssl makes for loopback."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.dicom_tools import run_tool


@dataclass(frozen=True)
class Certificate:
    """One that nobody but itself vouches for.

    Attributes
    ----------
    public : Path
        What others trust.
    key : Path
    both : Path
    """

    public: Path
    key: Path
    both: Path


def make_certificate(folder: Path, *protection: str) -> Certificate:
    """Make a certificate of 127.0.0.1, its key unprotected unless options of openssl's say how."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(*(folder / name for name in ("public.pem", "key.pem", "both.pem")))
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", made.key, "-out", made.public)
    done = run_tool("openssl", *words, *(protection or ("-nodes",)), *names, *files)
    assert done.returncode == 0, done.stderr
    made.both.write_bytes(made.public.read_bytes() + made.key.read_bytes())
    made.both.chmod(0o600)
    return made
