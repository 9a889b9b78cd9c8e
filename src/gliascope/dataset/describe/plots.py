"""Which plots a description has, what each is called and what it tells in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.dataset.describe.examples import draw_enhanced, draw_scans, draw_sequences
from gliascope.dataset.describe.summary import slice_counts
from gliascope.present import clinical_plots, dataset_plots, intensity_plots, tumour_plots
from gliascope.present.plot_sheet import Heading

if TYPE_CHECKING:
    from gliascope.dataset.describe.describe import Description

PHANTOM: Final = "Phantom: images that are counted here were drawn by a program."

Draw = Callable[[Path, Heading], None]


@dataclass(frozen=True)
class Plot:
    """One picture of the report.

    Attributes
    ----------
    name : str
        Of its file, without ``.png``.
    section : str
        Where it stands on the page.
    title : str
    alt : str
        What it shows, for those who cannot see it.
    caption : str
    draw : callable
        Writes it as PNG: called with the path and the heading.
    is_dark : bool
        Images of slices on a dark sheet, in the page's full width.
    """

    name: str
    section: str
    title: str
    alt: str
    caption: str
    draw: Draw
    is_dark: bool = False


def plots_of(description: Description) -> list[Plot]:
    """List the plots that this data set has values for, in the order of the page."""
    return [plot for kind in KINDS for plot in kind(description)]


def _counts(description: Description) -> Iterator[Plot]:
    slices, patients = description.slices, description.patients
    counts = slice_counts(slices)
    yield Plot(
        "class_balance",
        "classes",
        "Slices with and without tumour",
        f"Bars: {counts['no_tumour']:,} slices without tumour, {counts['tumour']:,} with, {counts['no_mask']:,} "
        "without a mask, and the shares of slices and of the head's pixels.",
        "Left: number of slices. Right: shares of all slices, and of the head's pixels on slices that have a mask.",
        lambda path, heading: dataset_plots.class_balance(slices, path, heading=heading),
    )
    yield Plot(
        "patients",
        "patients",
        "Slices and tumour of each patient",
        f"For each of {len(patients)} patients' folders, the pixels inside the outlines and the number of slices; the "
        "table of patients holds the values.",
        "By institution, the largest tumour first. The upper axis is logarithmic. Names without what all begin with.",
        lambda path, heading: dataset_plots.by_patient(patients, path, heading=heading),
    )


def _institutions(description: Description) -> Iterator[Plot]:
    patients = description.patients
    yield Plot(
        "institutions",
        "institutions",
        "Institutions",
        "Bars of patients and slices of each institution, and a dot for each patient's tumour; the table below holds "
        "the counts.",
        "Right: each dot is a patient, on a logarithmic axis; the line is the institution's median.",
        lambda path, heading: dataset_plots.by_institution(patients, path, heading=heading),
    )
    yield Plot(
        "missing_sequences",
        "sequences",
        "Sequences that are missing or copies",
        f"Bars for each institution: {int((patients['missing'] != '').sum())} of {len(patients)} patients lack a "
        "sequence.",
        "A channel that equals FLAIR pixel for pixel fills the place of a sequence that was not acquired. It is "
        "treated as missing.",
        lambda path, heading: dataset_plots.missing_sequences(patients, path, heading=heading),
    )


def _tumours(description: Description) -> Iterator[Plot]:
    slices, folders = description.slices, len(description.patients)
    if not description.has_tumours:
        return
    yield Plot(
        "tumour_areas",
        "tumours",
        "Tumour area on a slice",
        "Two histograms of the tumour slices: area in pixels on a logarithmic axis, and as a share of the head.",
        "Tumour slices only. Areas are pixels: the images carry no pixel spacing.",
        lambda path, heading: tumour_plots.tumour_areas(slices, path, heading=heading),
    )
    yield Plot(
        "tumour_positions",
        "tumours",
        "Where along the slices the tumours are",
        "Left: share of patients with tumour by position. Right: a row for each patient, coloured by tumour area.",
        "0 is a folder's first slice, 1 its last. Right: grey is no tumour; colours are on a logarithmic scale.",
        lambda path, heading: tumour_plots.along_the_slices(slices, path, heading=heading),
    )
    yield Plot(
        "tumour_places",
        "tumours",
        "Where in the head the tumours are",
        f"Map of the head seen along the slices: the most tumours at one place are {int(description.places[0].max())}.",
        "All slices of a patient are laid over one another, each head is scaled to the networks' square. Line: what at "
        "least half of the heads cover. Left and right are the image's, not the patient's.",
        lambda path, heading: tumour_plots.tumour_places(description.places, folders, path, heading=heading),
    )


def _clinical(description: Description) -> Iterator[Plot]:
    if description.clinical is None:
        return
    columns = description.clinical.table.drop(columns="patient")
    counted = f"{description.clinical.path.name}: {len(columns):,} patients"  # not all of them need have images
    joined = description.patients.drop_duplicates("patient")
    mine = joined[[one for one in columns.columns if one in joined.columns]]
    if not len(columns.columns):
        return
    if any(clinical_plots.is_drawn(columns[one]) for one in columns):
        yield Plot(
            "clinical_columns",
            "clinical",
            "What the clinical columns hold",
            "A small chart for each clinical column; the table of columns holds the counts.",
            "Patients by value; hatched: missing. Values are the file's own; see the note on codes above.",
            lambda path, heading: clinical_plots.clinical_columns(
                columns, path, heading=replace(heading, subtitle=counted)
            ),
        )
    yield Plot(
        "clinical_missing",
        "clinical",
        "Missing clinical values",
        f"A grid of patients by columns: {int(columns.isna().sum().sum())} values are missing.",
        "Red is missing; in brackets, how many.",
        lambda path, heading: clinical_plots.missing_values(columns, path, heading=replace(heading, subtitle=counted)),
    )
    if description.has_tumours and any(mine[one].nunique() > 1 and clinical_plots.is_drawn(mine[one]) for one in mine):
        yield Plot(
            "clinical_tumour",
            "clinical",
            "Tumour size by clinical column",
            "A small chart for each clinical column with more than one value: a dot a patient, and the medians.",
            "Pixels inside a patient's outlines over all slices, logarithmic; line: median. To look at, not to "
            "conclude from: with so many columns some differ by chance.",
            lambda path, heading: clinical_plots.tumour_by_column(mine, joined["tumour_px"], path, heading=heading),
        )


def _intensities(description: Description) -> Iterator[Plot]:
    table = description.intensities
    if not len(table):
        return
    yield Plot(
        "intensity",
        "intensity",
        "Grey levels by sequence, before and after CLAHE",
        "Histograms of the tumours' pixels and of the rest of the head; the table below holds medians and percentiles.",
        "Pixels of the head only, all patients together; missing sequences and copies left out. Dashed: medians.",
        lambda path, heading: intensity_plots.intensity_by_region(table, path, heading=heading),
    )
    yield Plot(
        "intensity_institutions",
        "intensity",
        "Grey levels by institution, before and after CLAHE",
        "Histograms of the whole head, one line an institution.",
        "Pixels of the whole head. Scanners and protocols differ; what the networks see is normalised after CLAHE.",
        lambda path, heading: intensity_plots.intensity_by_institution(table, path, heading=heading),
    )


def _scans(description: Description) -> Iterator[Plot]:
    def plot(name: str, section: str, title: str, caption: str, draw: Callable[..., None]) -> Plot:
        return Plot(
            name,
            section,
            title,
            f"{title}: images of slices.",
            caption,
            lambda path, heading: draw(
                description, path, title=" ".join(filter(None, (heading.stamp, heading.title))), note=heading.subtitle
            ),
            is_dark=True,
        )

    yield plot(
        "scans",
        "scans",
        "Scans with their masks",
        "The largest tumour slice of patients that spread over all tumour sizes, from small to large; last row: slices "
        "without tumour. FLAIR where there is one.",
        draw_scans,
    )
    yield plot("sequences", "scans", "All sequences of a few patients", "From small to large tumours.", draw_sequences)
    yield plot(
        "clahe",
        "intensity",
        "Before and after CLAHE",
        "Each pair is shown with the same black and white.",
        draw_enhanced,
    )


KINDS: Final = (_counts, _institutions, _tumours, _clinical, _intensities, _scans)
