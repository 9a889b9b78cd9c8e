"""`gliascope data split`."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.dataset.members import BY_PATIENT, BY_SLICE, LEAK, Folds, Split
from gliascope.errors import SplitError, require_extra

if TYPE_CHECKING:
    from gliascope.dataset.layout import PatientStatistics
    from gliascope.dataset.summary import SideRow

TEST_SHARE = 0.25


def split(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="The data set: a folder of patients' folders.")
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The split, as JSON.")],
    strategy: Annotated[
        str, typer.Option(help="patient, or slice: the classic split of slices, which leaks and says so.")
    ] = BY_PATIENT,
    folds: Annotated[
        int | None,
        typer.Option(min=2, metavar="K", help="Make K splits that test every patient once, in place of one."),
    ] = None,
    test: Annotated[
        float | None,
        typer.Option(show_default=False, help=f"Share of the patients on the test side; {TEST_SHARE} without --folds."),
    ] = None,
    validation: Annotated[
        float, typer.Option(help="Share of the remaining patients that choose checkpoint and thresholds.")
    ] = 0.15,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATIENT...",
            help="Patients who must be on the test side (with --folds: in no fold), with blanks or commas between.",
        ),
    ] = None,
    seen_by: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="With --folds: patients whom this bundle or run has seen (`embedded`: the package's own bundle) train "
            "in every fold.",
        ),
    ] = None,
    always: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATIENT",
            help="With --folds: a patient who trains in every fold and is tested in none; may be repeated, or have "
            "commas between.",
        ),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATIENT", show_default=False, help="Further patients of --hold-out."),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write train.csv, validation.csv and test.csv: image, mask, tumour."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a different split, and tables.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Split a data set into patients to train on, to choose by and to test on.

    No patient is on two sides. Each side holds its share of every institution and of small, middle and large tumours.
    The validation patients are drawn from the training side. The file carries a digest: a split that was edited is
    refused.

    With --strategy slice, slices of one patient are on several sides. Such a split measures memory, not skill; whatever
    is made with it says so.
    """
    del verbose
    share = TEST_SHARE if test is None else test
    _check_arguments(strategy, folds, test, more, hold_out)
    for name, given in {"--seen-by": seen_by, "--always": always}.items():
        if given and folds is None:
            raise typer.BadParameter(f"{name} belongs to --folds: of one split, --hold-out says who is tested")
    _check_shares(share, validation)
    if tables is not None:
        require_extra("gliascope data split --tables", "data", "pandas")
    held, training = _names([*(hold_out or ()), *(more or ())]), _names(always or ())
    if twice := sorted(set(held) & set(training)):
        raise typer.BadParameter(f"--hold-out and --always exclude each other, received {', '.join(twice)} in both")
    learnt = None if seen_by is None else _slices_seen(seen_by)
    measured = _measure(folder, quiet=quiet)
    made = _make(
        measured, strategy, folds, share, validation=validation, seed=seed, hold_out=held, seen=learnt, always=training
    )
    _save(made, output, replace=force)
    if tables is not None:
        _write_tables(made, measured, folder, tables, replace=force)
    _report(made, measured, output, as_json=as_json, quiet=quiet)


def _names(given: Iterable[str]) -> list[str]:
    return [one for words in given for one in words.split(",") if one]


def _check_arguments(
    strategy: str, folds: int | None, test: float | None, more: list[str] | None, hold_out: list[str] | None
) -> None:
    if more and not hold_out:
        raise typer.BadParameter(f"one data set is split at a time, received {' '.join(more)} as well")
    if strategy not in (BY_PATIENT, BY_SLICE):
        raise typer.BadParameter(f"--strategy must be {BY_PATIENT} or {BY_SLICE}, received {strategy!r}")
    if folds is not None and test is not None:
        raise typer.BadParameter("--folds and --test exclude each other: each fold tests one K-th of the patients")
    if folds is not None and strategy == BY_SLICE:
        raise typer.BadParameter(
            "--folds are by patient: --strategy slice makes one split, to show what its leak is worth"
        )


def _check_shares(test: float, validation: float) -> None:
    from gliascope.dataset.split import check_shares

    try:
        check_shares(test, validation)
    except SplitError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def _measure(folder: Path, *, quiet: bool) -> "list[PatientStatistics]":
    from gliascope.dataset.layout import measure_patient, patients

    folders = patients(folder)
    measured = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("reading", total=len(folders), note="")
        for one in folders:
            measured.append(measure_patient(one))
            bar.update(task, advance=1, note=one.name)
    return measured


def _slices_seen(path: str) -> "frozenset[str]":
    from gliascope.training.start import start_from

    return start_from(path).seen


def _make(
    measured: "list[PatientStatistics]",
    strategy: str,
    folds: int | None,
    test: float,
    *,
    seen: "frozenset[str] | None",
    always: "list[str]",
    **options: Any,
) -> Split | Folds:
    from gliascope.dataset.folds import fold_patients, named_patients, patients_seen
    from gliascope.dataset.slices import split_slices
    from gliascope.dataset.split import split_patients

    if folds is not None:
        learnt = patients_seen(measured, seen or ()) | named_patients(measured, always)
        return fold_patients(measured, folds=folds, always=learnt, **options)
    if strategy == BY_SLICE:
        return split_slices(measured, test=test, **options)
    return split_patients(measured, test=test, **options)


def _save(made: Split | Folds, output: Path, *, replace: bool) -> None:
    from gliascope.dataset.splitfile import save_folds, save_split

    if isinstance(made, Folds):
        save_folds(made, output, replace=replace)
    else:
        save_split(made, output, replace=replace)


def _write_tables(
    made: Split | Folds, measured: "list[PatientStatistics]", root: Path, folder: Path, *, replace: bool
) -> None:
    from gliascope.dataset.tables import write_tables

    if isinstance(made, Split):
        write_tables(made, measured, root, folder, replace=replace)
        return
    for number, one in enumerate(made.splits):
        write_tables(one, measured, root, folder / f"fold-{number}", replace=replace)


def _report(
    made: Split | Folds, measured: "list[PatientStatistics]", output: Path, *, as_json: bool, quiet: bool
) -> None:
    from gliascope.dataset.summary import summarise

    rows = [summarise(one, measured) for one in (made.splits if isinstance(made, Folds) else (made,))]
    leaks = isinstance(made, Split) and made.leaks
    if as_json:
        said: dict[str, Any] = {"split": str(output), "sha256": made.sha256}
        if isinstance(made, Folds):
            said["folds"] = [{"sides": [asdict(row) for row in each]} for each in rows]
        else:
            said |= {"strategy": made.strategy, "sides": [asdict(row) for row in rows[0]]}
        print(json.dumps(said | ({"leak": LEAK} if leaks else {}), indent=2))
    elif not quiet:
        _print_folds(rows) if isinstance(made, Folds) else _print_table(rows[0])
        note(f"{output}: written, sha256 {made.sha256}")
    if leaks and not quiet:
        note(f"warning: {LEAK}")


COUNTS = ("patients", "slices", "tumour slices", "small", "middle", "large")


def _print_table(rows: "list[SideRow]") -> None:
    line = "{:<11} {:<12} {:>8} {:>7} {:>14} {:>6} {:>7} {:>6}"
    print(line.format("side", "institution", *COUNTS))
    for row in rows:
        print(line.format(row.side, row.institution, *_counts(row)))


def _print_folds(folds: "list[list[SideRow]]") -> None:
    """Print a row a side, its patients of each institution in columns."""
    places = sorted({row.institution for rows in folds for row in rows} - {"all"})
    line = "{:>4} {:<11} {:>8} {:>7} {:>14} {:>6} {:>7} {:>6}" + "".join(f" {{:>{max(4, len(one))}}}" for one in places)
    print(line.format("fold", "side", *COUNTS, *places))
    for number, rows in enumerate(folds):
        for whole in (row for row in rows if row.institution == "all"):
            held = {row.institution: row.patients for row in rows if row.side == whole.side}
            print(line.format(number, whole.side, *_counts(whole), *(held.get(one, 0) for one in places)))


def _counts(row: "SideRow") -> tuple[int, ...]:
    return row.patients, row.slices, row.tumour_slices, row.small, row.middle, row.large
