"""The HTTP session: certificates, proof of who asks, proxies; and what its errors mean."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from gliascope.archive import Credentials, Lost, client_context, objection, system_certificates
from gliascope.errors import ArchiveError, InputError

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""
ELSEWHERE: Final = frozenset({400, 404, 405})
"""Statuses by which a server answers that knows nothing of DICOMweb there."""

_logger = logging.getLogger(__name__)


def checked_url(url: str) -> str:
    """Give back the address of a DICOMweb service without a slash at its end.

    Raises
    ------
    InputError
        If it is no address of ``http`` or ``https``, or holds a user, a password, a query or a fragment.
    """
    rule = "a DICOMweb service must be an address such as https://host:8042/dicom-web"
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or not url.isprintable():
        raise InputError(f"{rule}, received another kind of text")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputError(f"{rule}, received one with a user, a query or a fragment; secrets come from the environment")
    return (parts.scheme + url[len(parts.scheme) :]).rstrip("/")


def make_session(
    url: str, credentials: Credentials, ca_file: Path | None = None, certificate: Path | None = None
) -> Any:
    """Open a session whose certificates are verified.

    The environment does not decide about secrets behind our back, as by ``.netrc``, but about proxies. Where no file
    with certificates is named, ``REQUESTS_CA_BUNDLE`` counts, and OpenSSL's ``SSL_CERT_FILE`` as the system's.

    Parameters
    ----------
    url : str
    credentials : Credentials
    ca_file : Path, optional
        Certificates that are trusted in place of the system's; where it has no file or folder of them, as on
        Windows, certifi's are, whereas DIMSE takes what Windows trusts.
    certificate : Path, optional
        Our own certificate and its key.

    Returns
    -------
    requests.Session

    Raises
    ------
    InputError
        If a file with certificates cannot be used.
    """
    import requests

    client_context(ca_file, certificate)  # told now, not with the first request
    session: Any = requests.Session()
    session.trust_env = False
    session.proxies = requests.utils.get_environ_proxies(url)
    session.verify = str(ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or system_certificates() or "") or True
    session.cert = certificate and str(certificate)
    if credentials.user:
        session.auth = (credentials.user.encode(), credentials.password.encode())
    elif credentials.token:
        session.headers["Authorization"] = f"Bearer {credentials.token}"
    if credentials and urlsplit(url).scheme == "http":
        _logger.warning("%s: secrets go over the network unencrypted; https would hide them", url)
    return session


@contextmanager
def understood(archive: str) -> Iterator[None]:
    """Turn what requests and dicomweb-client raise into our words; nothing of an answer's content is quoted.

    Raises
    ------
    Lost
        If another try may help.
    ArchiveError
        If it will not.
    """
    import requests
    import urllib3

    try:
        yield
    except requests.exceptions.SSLError as error:
        if wrong := objection(error):
            raise ArchiveError(f"{archive}: {wrong}") from error
        raise Lost("the encrypted connection broke off, as where a server wants --certificate") from error
    except requests.exceptions.HTTPError as error:
        raise _refusal(archive, 0 if error.response is None else error.response.status_code) from error
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise ArchiveError(f"{archive}: an address must be one that can be asked, received another") from error
    except (requests.exceptions.Timeout, TimeoutError) as error:
        raise Lost("no answer in time") from error
    except json.JSONDecodeError as error:  # before RequestException: that of requests is both
        raise ArchiveError(f"{archive}: an answer must be DICOM JSON, received something else") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
        raise Lost(f"the connection was refused or cut ({type(error).__name__})") from error


def _refusal(archive: str, status: int) -> Exception:
    if status in PASSING:
        return Lost(f"status {status}")
    if status in {401, 403}:
        return ArchiveError(
            f"{archive}: who asks must be known and allowed, received status {status}: set GLIASCOPE_PACS_USER and "
            "GLIASCOPE_PACS_PASSWORD, or GLIASCOPE_PACS_TOKEN"
        )
    try:
        words = f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        words = str(status)
    hint = "; is this the address of its DICOMweb service, such as /dicom-web?" if status in ELSEWHERE else ""
    return ArchiveError(f"{archive}: a request must be answered, received status {words}{hint}")


def is_missing(error: ArchiveError) -> bool:
    """Whether an error says that what was asked for is not there."""
    response = getattr(error.__cause__, "response", None)
    return getattr(response, "status_code", 0) == HTTPStatus.NOT_FOUND
