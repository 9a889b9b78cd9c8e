"""`gliascope analyse`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.console import console, error, note, progress
from gliascope.cli.exchange import Attached, Storing, attached
from gliascope.cli.options import (
    AsJson,
    Device,
    Flips,
    Jobs,
    PrecisionName,
    Quiet,
    SeriesNames,
    Threads,
    Verbose,
    check_device,
    check_precision,
    parse_channels,
    parse_jobs,
)
from gliascope.cli.remote import (
    CaFile,
    Certificate,
    CredentialsFile,
    DicomWeb,
    OwnTitle,
    Pacs,
    Remote,
    Studies,
    Timeout,
    Tls,
)

if TYPE_CHECKING:
    from gliascope.pipeline import Outcome
    from gliascope.pipeline.outputs import Output, Outputs
    from gliascope.pipeline.reports import Reports
    from gliascope.read import CaseFiles
    from gliascope.scan import Sequence

SCHEMA = "gliascope.run/1"
"""Name and version of what ``--json`` prints."""


def analyse(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT]...",
            show_default=False,
            help="Images (TIFF, PNG, JPEG), volumes (NIfTI), DICOM files or a zip of them, or folders of these.",
        ),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder for the results.")],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE",
            exists=True,
            file_okay=False,
            help="A model bundle; by default the one that travels with gliascope.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Call a slice tumour from this probability on; by default the operating point's."
        ),
    ] = None,
    operating_point: Annotated[
        str,
        typer.Option(metavar="NAME", help="One of the model's operating points: balanced, sensitive or specific."),
    ] = "balanced",
    device: Device = "auto",
    threads: Threads = None,
    jobs: Jobs = "auto",
    precision: PrecisionName = "auto",
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="What the channels are, such as flair or pre,flair,post; by default grey is FLAIR, and red, green, "
            "blue are pre-contrast, FLAIR, post-contrast.",
        ),
    ] = None,
    flair: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A NIfTI case by its files, in place of INPUT: its FLAIR.")
    ] = None,
    t1: Annotated[Path | None, typer.Option(metavar="FILE", help="Its T1 before contrast.")] = None,
    t1c: Annotated[Path | None, typer.Option(metavar="FILE", help="Its T1 after contrast.")] = None,
    register: Annotated[
        bool,
        typer.Option(
            "--register",
            help="Register the other sequences of a volume to FLAIR; else only those measured to lie elsewhere.",
        ),
    ] = False,
    series: SeriesNames = None,
    dicomweb: DicomWeb = None,
    pacs: Pacs = None,
    aet: OwnTitle = "GLIASCOPE",
    study: Studies = None,
    store: Annotated[
        bool,
        typer.Option(
            "--store", help="Store the DICOM objects in the PACS: those of --write, else a segmentation and a report."
        ),
    ] = False,
    tls: Tls = False,
    ca_file: CaFile = None,
    certificate: Certificate = None,
    credentials: CredentialsFile = None,
    timeout: Timeout = 60.0,
    figures: Annotated[bool, typer.Option("--figures/--no-figures", help="Draw pictures.")] = True,
    report: Annotated[
        bool | None,
        typer.Option(
            "--report/--no-report",
            show_default=False,
            help="Write report.html for each case and index.html over all in OUT; by default unless --no-figures.",
        ),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Write report.pdf for each case too; needs the extra pdf.")
    ] = False,
    flips: Flips = False,
    save_probabilities: Annotated[
        bool, typer.Option("--save-probabilities", help="Write each pixel's probability for the slices called tumour.")
    ] = False,
    write: Annotated[
        str,
        typer.Option(
            metavar="KINDS",
            help="What to write beside tables and pictures, with commas between: nifti, the masks, in any case; and of "
            "DICOM studies seg, sr, sc: a segmentation, a structured report, secondary captures.",
        ),
    ] = "nifti",
    seg_type: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="Of the DICOM segmentation: binary, the outline; or fractional, the pixels' probabilities.",
        ),
    ] = "binary",
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Write nothing of a DICOM study that tells its patient.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Judge what is not assessable as well; the results say why it should not be."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--continue", help="Take over cases that an earlier run into OUT has finished.")
    ] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    as_json: AsJson = False,
) -> None:
    """Find and outline tumours in brain MRI.

    Writes OUT/cases.csv, OUT/slices.csv and a folder for each case, with findings.json, a mask for every slice, a
    picture for each tumour slice, a contact sheet and report.html; OUT/index.html leads to the reports. With --write,
    DICOM objects for a PACS too. An image named on the command line is a case of its own; a folder of images is one
    case, and so are the NIfTI sequences of a folder, whose mask is written as mask.nii.gz over the FLAIR. Files named
    *_mask.* or *_seg.nii are truth, never input.

    What is no axial section of a head with FLAIR's contrast is not assessable: it gets no verdict about a tumour,
    and the results say why.

    DICOM files are put together by study, whatever folders they lie in: `gliascope studies` shows what becomes of
    each series. With --dicomweb or --pacs, studies are fetched from a PACS into a temporary folder.

    Exit status: 0 done; 1 something could not be read, written or stored, the rest is done; 2 wrong arguments.
    """
    del verbose
    from gliascope.errors import InputError
    from gliascope.pipeline import Analyser, analyse_into
    from gliascope.pipeline.folder import check_place
    from gliascope.pipeline.jobs import choose_jobs
    from gliascope.read.cases import check_channels

    sequences = parse_channels(channels)
    kinds = _kinds(write, seg_type, store=store)
    check_device(device)
    check_precision(precision)
    processes = parse_jobs(jobs)
    remote = Remote(dicomweb, pacs, aet, ca_file, credentials, timeout, tls, certificate)
    done: list[dict[str, Any]] = []
    with attached(remote, study or [], store=store, quiet=quiet or as_json) as held:
        named = [*(inputs or []), *held.fetched]
        if held.missed and not named:
            _finish([], output, quiet=True, as_json=as_json, held=held)
        try:
            files = _cases(named, {"pre": t1, "flair": flair, "post": t1c}, series or [])
            check_channels(files, sequences)
            check_place(files, output)
        except InputError as wrong:
            raise typer.BadParameter(str(wrong)) from wrong
        outputs = _outputs(files, kinds, seg_type, anonymise=anonymise)
        reports = _reports(figures if report is None else report, pdf)
        analyser = Analyser(
            model,
            device=device,
            threads=threads,
            threshold=threshold,
            save_probabilities=save_probabilities or outputs.seg_type == "fractional",
            operating_point=operating_point,
            precision=precision,
            flips=flips,
            force=force,
        )
        with progress(quiet=quiet or as_json) as bar:
            options: dict[str, Any] = {"channels": sequences, "register": register, "figures": figures}
            options |= {"resume": resume, "outputs": outputs, "reports": reports}
            options |= {"jobs": processes or choose_jobs(files, analyser.engine.lanes, figures=figures)}
            task = bar.add_task("analysing", total=len(files), note="")
            for outcome in analyse_into(analyser, files, output, **options):
                done.append(_summary(outcome, held.storing))
                bar.update(task, advance=1, note=outcome.record["case"])
                _report(outcome.record, quiet=quiet or as_json)
        held.storing.finish([output], remote, quiet=quiet or as_json)
        _finish(done, output, quiet=quiet, as_json=as_json, held=held)


def _reports(html: bool, pdf: bool) -> "Reports":
    """Understand which reports are to be written, and refuse PDF before anything is analysed if it cannot be."""
    from gliascope.pipeline.reports import Reports

    if pdf:
        from gliascope.present.report.pdf import require_pdf

        require_pdf("--pdf")
    return Reports(html, pdf)


def _kinds(write: str, seg_type: str, *, store: bool) -> "frozenset[Output]":
    """Understand what is to be written; what is to be stored has to be."""
    from gliascope.errors import InputError
    from gliascope.pipeline.outputs import DICOM, parse_outputs

    if seg_type not in {"binary", "fractional"}:
        raise typer.BadParameter(f"--seg-type must be binary or fractional, received {seg_type}")
    try:
        kinds = parse_outputs(write.split(","))
    except InputError as wrong:
        raise typer.BadParameter(f"--write: {wrong}") from wrong
    if store and not kinds & DICOM:
        kinds |= parse_outputs(["seg", "sr"])
    if seg_type == "fractional" and "seg" not in kinds:
        raise typer.BadParameter(f"--seg-type fractional needs --write seg, received {','.join(sorted(kinds))}")
    return kinds


def _outputs(files: "list[CaseFiles]", kinds: "frozenset[Output]", seg_type: str, *, anonymise: bool) -> "Outputs":
    """Refuse what none of the cases has."""
    from gliascope.pipeline.outputs import DICOM, Outputs, check_writable

    if (kinds & DICOM or anonymise) and not any(one.study is not None for one in files):
        asked = "--anonymise" if anonymise else f"--write {','.join(sorted(kinds & DICOM))}"
        raise typer.BadParameter(f"{asked} must be given a DICOM study, received none")
    check_writable(kinds)
    return Outputs(kinds, "fractional" if seg_type == "fractional" else "binary", anonymise)


def _cases(inputs: list[Path], volumes: "dict[Sequence, Path | None]", series: list[str]) -> "list[CaseFiles]":
    """Find the cases: those of the inputs, or the one whose volumes are named by options."""
    from gliascope.errors import InputError
    from gliascope.read import case_of_volumes, find_cases

    named = {sequence: path for sequence, path in volumes.items() if path is not None}
    if not named:
        return find_cases(inputs, series)
    if inputs or series:
        raise InputError("--flair, --t1 and --t1c stand in place of INPUT and --series, received both")
    return [case_of_volumes(named)]


def _summary(outcome: "Outcome", storing: Storing) -> dict[str, Any]:
    """Store a case's objects, and pick what is said about it at the end: memory stays flat over many cases."""
    keys = [
        "case",
        "verdict",
        "score",
        "case_score",
        "reason",
        "slice_count",
        "tumour_slices",
        "area_px",
        "measurement",
    ]
    values = {key: outcome.record[key] for key in (*keys, "truth", "warnings", "problems")}
    stored = storing.add(outcome.folder)
    return {**values, "folder": str(outcome.folder), "continued": outcome.continued, "stored": stored}


def _report(record: dict[str, Any], *, quiet: bool) -> None:
    for one in record["problems"]:
        error(f"{one['path']}: {one['message']}")
    if not quiet:
        for warning in record["warnings"]:
            note(f"{record['case']}: {warning}")


def _finish(done: list[dict[str, Any]], output: Path, *, quiet: bool, as_json: bool, held: Attached) -> None:
    """Say what came out, and exit with 1 where something could not be used, fetched or stored."""
    problems = sum(len(one["problems"]) for one in done)
    if as_json:
        missed = [{"study": uid, "message": message} for uid, message in held.missed.items()]
        values = {"schema": SCHEMA, "output": str(output), "problem_count": problems, "missed": missed, "cases": done}
        print(json.dumps(values, indent=2))
    elif not quiet:
        _print_table(done)
        note(f"Results: {output}{f' ({problems} problems, see above)' if problems else ''}")
        if (output / "index.html").is_file():
            note(f"Reports: {output / 'index.html'}")
    if problems or held.missed or held.storing.failed:
        raise typer.Exit(1)


def _print_table(done: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    with_truth = any(one["truth"] is not None for one in done)
    table = Table(box=None, pad_edge=False)
    table.add_column("case", overflow="fold")
    table.add_column("verdict")
    measured = any(one["measurement"] is not None for one in done)
    more = (*(("ml", "mm") if measured else ()), *(("Dice",) if with_truth else ()))
    for title in ("case score", "tumour slices", "area px", *more):
        table.add_column(title, justify="right")
    for one in done:
        score = "" if one["case_score"] is None else f"{one['case_score']:.3f}"
        row = [escape(one["case"]), one["verdict"], score, f"{one['tumour_slices']} of {one['slice_count']}"]
        row.append(f"{one['area_px']}")
        if measured:
            row += _sizes(one["measurement"] or {})
        if with_truth:
            dice = (one["truth"] or {}).get("dice")
            row.append("" if dice is None else f"{dice:.3f}")
        table.add_row(*row)
    console().print(table)


def _sizes(measurement: dict[str, Any]) -> list[str]:
    """Volume, and the two diameters, as the table shows them."""
    volume, longest, across = (measurement.get(key) for key in ("volume_ml", "diameter_mm", "perpendicular_mm"))
    return ["" if volume is None else f"{volume:.1f}", "" if longest is None else f"{longest:.0f} x {across:.0f}"]
