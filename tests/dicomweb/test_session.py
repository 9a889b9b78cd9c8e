from __future__ import annotations

import pytest

pytest.importorskip("dicomweb_client", reason="the extra `pacs` has it")

from gliascope.dicomweb.session import checked_url
from gliascope.errors import InputError


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://host:8042/dicom-web/", "http://host:8042/dicom-web"),
        ("HTTPS://Host/dicom-web", "https://Host/dicom-web"),
    ],
)
def test_addresses_are_used_without_capitals_in_the_scheme_and_a_last_slash(given: str, used: str) -> None:
    assert checked_url(given) == used


@pytest.mark.parametrize(
    "given", ["ftp://host/dicom-web", "server:8042", "http://", "http://host:port/x", "http://a\nb/"]
)
def test_what_is_no_address_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(InputError, match="received another kind of text") as caught:
        checked_url(given)
    assert given not in str(caught.value)
