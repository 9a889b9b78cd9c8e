"""Options that name a PACS and do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from gliascope.cli.remote import Remote


@pytest.mark.parametrize("option", ["ca_file", "certificate"])
@pytest.mark.parametrize("address", ["http://127.0.0.1:9/dicom-web", "HTTP://127.0.0.1:9"])
def test_certificates_do_not_go_with_plain_http(option: str, address: str) -> None:
    pytest.importorskip("dicomweb_client", reason="the extra `pacs` has it")
    named: dict[str, Any] = {option: Path("x.pem")}
    with (
        pytest.raises(typer.BadParameter, match=r"--ca-file and --certificate go with https .*, received http"),
        Remote(dicomweb=address, **named).open(),
    ):
        pass


def test_certificates_do_not_go_with_plain_dimse() -> None:
    pytest.importorskip("pynetdicom", reason="the extra `pacs` has it")
    with (
        pytest.raises(typer.BadParameter, match="--ca-file and --certificate go with --dicomweb or --tls"),
        Remote(pacs="PACS@127.0.0.1:9", ca_file=Path("x.pem")).open(),
    ):
        pass
