"""Which objections of TLS are final."""

from __future__ import annotations

import ssl

import pytest

from gliascope.archive import objection


def alert(name: str) -> ssl.SSLError:
    return ssl.SSLError(1, f"[SSL: {name}] in other words (_ssl.c:1006)")


@pytest.mark.parametrize(
    "name",
    [
        *("TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        *("SSLV3_ALERT_CERTIFICATE_REVOKED", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
        *("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_PROTOCOL_VERSION"),
    ],
)
def test_alerts_that_another_try_would_meet_again(name: str) -> None:
    assert objection(alert(name)) == f"TLS must be agreed on, perhaps after --certificate, received {name}"


@pytest.mark.parametrize(
    "name",
    [
        *("TLSV1_ALERT_INTERNAL_ERROR", "TLSV1_ALERT_USER_CANCELLED", "SSLV3_ALERT_BAD_RECORD_MAC"),
        *("SSLV3_ALERT_UNEXPECTED_MESSAGE", "UNEXPECTED_EOF_WHILE_READING"),
    ],
)
def test_what_may_pass_is_no_objection(name: str) -> None:
    assert objection(alert(name)) == ""


def test_a_certificate_that_is_not_trusted_is_final() -> None:
    assert "--ca-file" in objection(alert("CERTIFICATE_VERIFY_FAILED"))
