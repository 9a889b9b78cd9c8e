"""Associations: opened, checked, and always ended."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from gliascope.archive import Lost, objection
from gliascope.dimse.address import Address
from gliascope.errors import ArchiveError
from gliascope.read.dicom.files import quiet

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

PENDING: Final = frozenset({0xFF00, 0xFF01})
"""Statuses of answers that more answers follow."""
CONNECT: Final = 10.0
"""Seconds to wait for a connection."""
TEMPORARY: Final = 2
"""Result of a rejection that may not be the last word."""


@contextmanager
def associated(
    address: Address,
    own: str,
    contexts: Sequence[PresentationContext],
    timeout: float,
    *,
    on_store: Callable[[Any], int] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Association]:
    """Open an association and release it at the end.

    Parameters
    ----------
    address : Address
    own : str
        Our own title.
    contexts : sequence of PresentationContext
    timeout : float
        Seconds of silence after which the connection counts as cut.
    on_store : callable, optional
        Is given what C-GET sends, and gives back a status; makes us a provider of the storage classes asked for.
    tls : ssl.SSLContext, optional
        Without it nothing is encrypted.

    Raises
    ------
    Lost
        If there is no connection.
    ArchiveError
        If the PACS rejects us, or one of the two does not trust the other's certificate.
    """
    from pynetdicom import AE

    entity = AE(ae_title=own)
    entity.requested_contexts = list(contexts)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = timeout
    entity.connection_timeout = min(CONNECT, timeout)
    more: dict[str, Any] = {"tls_args": (tls, address.host)} if tls else {}
    if on_store is not None:
        more |= _provider(contexts, on_store)
    with quiet():
        line = entity.associate(address.host, address.port, ae_title=address.title, **more)
        try:
            if line.is_rejected:
                raise _rejection(line, address, own)
            if not line.is_established and line.rejected_contexts:
                raise ValueError("nothing was accepted")  # noqa: TRY301  as pynetdicom says it where some was
            if not line.is_established:
                raise _loss(address, timeout, tls)
            yield line
        except RuntimeError as error:  # pynetdicom's word for an association that is not there any more
            raise Lost("the association was cut") from error
        except ValueError as error:  # its word for a service that was not accepted
            rule = "a service and its transfer syntax must be offered"
            raise ArchiveError(f"{address}: {rule}, received an association without it") from error
        finally:
            if line.is_established:
                line.release()
            _close(line)


def _provider(contexts: Sequence[PresentationContext], on_store: Callable[[Any], int]) -> dict[str, Any]:
    """Offer to take what C-GET sends over the same association."""
    from pynetdicom import build_role, evt

    storage = [one.abstract_syntax for one in contexts if _is_storage(str(one.abstract_syntax))]
    roles = [build_role(one, scp_role=True) for one in storage if one is not None]
    return {"ext_neg": roles, "evt_handlers": [(evt.EVT_C_STORE, on_store)]}


def _rejection(line: Association, address: Address, own: str) -> Exception:
    answer = line.acceptor.primitive
    if answer is not None and answer.result == TEMPORARY:
        return Lost("the association was rejected for now")
    rule = f"an association of {own} with {address.title} must be accepted"
    return ArchiveError(f"{address}: {rule}, received a rejection: both titles must be known there")


def _loss(address: Address, timeout: float, tls: ssl.SSLContext | None) -> Exception:
    """Why there is no association: pynetdicom does not say what TLS had against it, so that it is asked by itself."""
    if tls is None:
        return Lost("no association")
    try:
        plain = socket.create_connection((address.host, address.port), min(CONNECT, timeout))
        with plain, tls.wrap_socket(plain, server_hostname=address.host) as sealed:
            sealed.settimeout(1.0)
            sealed.recv(1)  # by TLS 1.3, what the other side has against us comes after the handshake
    except OSError as error:  # ssl's errors are of this kind
        if wrong := objection(error):
            return ArchiveError(f"{address}: {wrong}")
    return Lost("no encrypted association")


def _close(line: Association) -> None:
    """Close the socket, which pynetdicom leaves open where the other side was gone first."""
    connection = line.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.close()


def answers(replies: Any, address: Address, what: str) -> Iterator[Any]:
    """Data sets of pending answers, until the last, which must be a success.

    Raises
    ------
    Lost
        If the line is cut before.
    ArchiveError
        If the PACS refuses.
    """
    for status, content in replies:
        code = code_of(status)
        if code in PENDING:
            yield content
        elif code != 0:
            raise ArchiveError(f"{address}: {what} must succeed, received status 0x{code:04X}")


def code_of(status: Any) -> int:
    """Status of an answer.

    Raises
    ------
    Lost
        If there was none.
    """
    if status is None or "Status" not in status:
        raise Lost("the association was cut")
    return int(status.Status)


def _is_storage(uid: str) -> bool:
    return uid.startswith("1.2.840.10008.5.1.4.1.1.")
