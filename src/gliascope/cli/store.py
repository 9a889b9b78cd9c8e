"""`gliascope store`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gliascope.cli.exchange import Storing
from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.cli.remote import (
    CaFile,
    Certificate,
    CredentialsFile,
    DicomWeb,
    OwnTitle,
    Pacs,
    Remote,
    Timeout,
    Tls,
)

SCHEMA = "gliascope.store/1"
"""Name and version of what ``--json`` prints."""


def store(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            exists=True,
            file_okay=False,
            show_default=False,
            help="Folders of results, or of single cases, written with --write seg,sr,sc.",
        ),
    ],
    *,
    dicomweb: DicomWeb = None,
    pacs: Pacs = None,
    aet: OwnTitle = "GLIASCOPE",
    tls: Tls = False,
    ca_file: CaFile = None,
    certificate: Certificate = None,
    credentials: CredentialsFile = None,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Store the DICOM objects of results in a PACS, those that it does not hold.

    Exit status: 0 stored, or there already; 1 something could not be stored, the rest is; 2 wrong arguments.
    """
    del verbose
    from gliascope.errors import InputError
    from gliascope.pipeline.archive import result_folders

    remote = Remote(dicomweb, pacs, aet, ca_file, credentials, timeout, tls, certificate)
    try:
        folders = [folder for one in results for folder in result_folders(one)]
    except InputError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    objects = []
    with remote.open() as archive:
        storing = Storing(archive)
        for folder in folders:
            objects += storing.add(folder)
        storing.finish(results, remote, quiet=quiet or as_json)
    if as_json:
        print(json.dumps({"schema": SCHEMA, "objects": objects}, indent=2))
    if storing.failed:
        raise typer.Exit(1)
