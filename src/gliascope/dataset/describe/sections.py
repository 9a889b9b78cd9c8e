"""The page of a description: its sections, with the words around tables and plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from gliascope.dataset.describe.tables import TYPES, ColumnRow, column_rows
from gliascope.dataset.sources import source_of
from gliascope.prepare import LONG_NAMES
from gliascope.present.page import Block, Picture, Section, Table, Text
from gliascope.recipe import Clahe
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from gliascope.dataset.describe.describe import Description

Pictures = Mapping[str, list[Picture]]
"""The plots of each section, as `gliascope.dataset.describe.plots.Plot.section` names it."""

MOST_ROWS: Final = 500
"""Most patients in the page's table; the file holds them all."""

UNKNOWN: Final = "not known"


def sections_of(description: Description, values: dict[str, Any], pictures: Pictures) -> list[Section]:
    """Make the page's sections.

    Parameters
    ----------
    description : Description
    values : dict
        As `gliascope.dataset.describe.summary.summary` gives them: every figure on the page is taken from there.
    pictures : mapping of str to list of Picture

    Returns
    -------
    list of Section
        Without those that have nothing to show.
    """
    makers: dict[str, Callable[[Description, dict[str, Any]], list[Block]]] = {
        "Summary": _summary,
        "Files that cannot be used": _problems,
        "Classes": lambda *_: [],
        "Patients": lambda *_: [],
        "Institutions": _institutions,
        "Sequences": _sequences,
        "Tumours": lambda *_: [],
        "Clinical table": _clinical,
        "Intensity": _intensity,
        "Scans": lambda *_: [],
        "Columns and missing values": _columns,
        "All patients": _patients,
        "Notes": _notes,
        "From here to training": _next_steps,
    }
    found = []
    for title, maker in makers.items():
        words, tables = _parted(maker(description, values))
        blocks = [*words, *pictures.get(title.split()[0].lower(), ()), *tables]
        if blocks:
            found.append(Section(title, blocks))
    return found


def _parted(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """Words stand before a section's plots, tables behind them."""
    return [one for one in blocks if isinstance(one, Text)], [one for one in blocks if not isinstance(one, Text)]


def _summary(description: Description, values: dict[str, Any]) -> list[Block]:
    slices, total, each = values["slices"], values["tumour_px"], values["tumour_px_of_a_slice"]
    rows = [
        ("patients", f"{values['patients']:,}"),
        ("institutions", f"{len(values['institutions']):,}"),
        ("slices", f"{slices['all']:,}"),
        ("slices with tumour", _share(slices["tumour"], slices["all"])),
        ("slices without tumour", _share(slices["no_tumour"], slices["all"])),
        ("slices without a readable mask", _share(slices["no_mask"], slices["all"])),
        ("slices of a patient, median (range)", _range(description.patients["slices"])),
        ("tumour of a patient over all slices, median pixels (range)", _amount(total)),
        ("tumour area on a slice, median pixels (range)", _amount(each)),
        ("patients who lack a sequence", f"{int((description.patients['missing'] != '').sum()):,}"),
        ("size of the images, rows x columns", ", ".join(values["sizes"])),
        ("files that cannot be used", f"{len(values['problems']):,}"),
    ]
    words = "Areas are counts of pixels: the images carry no pixel spacing, so nothing here is in millimetres."
    source = source_of(values["name"])
    return [
        Text(words if source is None else f"{words}\n\n{source}"),
        Table(("what", "value"), rows, f"The data set {values['name']} in short", numeric=(1,)),
    ]


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.1%})" if count else "0"


def _range(values: Any) -> str:
    return f"{values.median():,.0f} ({values.min():,} to {values.max():,})"


def _amount(values: dict[str, float] | None) -> str:
    return "none" if values is None else f"{values['median']:,.0f} ({values['least']:,.0f} to {values['most']:,.0f})"


def _problems(_: Description, values: dict[str, Any]) -> list[Block]:
    rows = [(one["path"], one["message"]) for one in values["problems"]]
    return [Table(("file", "what is wrong"), rows, "They are left out of everything else on this page")] if rows else []


def _institutions(_: Description, values: dict[str, Any]) -> list[Block]:
    rows = [
        (
            one["institution"],
            f"{one['patients']:,}",
            f"{one['slices']:,}",
            _share(one["tumour_slices"], one["slices"]),
            "none" if one["tumour_px_median"] is None else f"{one['tumour_px_median']:,.0f}",
            f"{one['missing_sequences']:,}",
        )
        for one in values["institutions"]
    ]
    columns = ("institution", "patients", "slices", "with tumour", "median tumour (pixels)", "lack a sequence")
    return [
        Text("The institution is the second part of a folder's name, as CS in TCGA_CS_4941_19960909."),
        Table(columns, rows, "Patients, slices and tumours by institution", numeric=range(1, 6)),
    ]


def _sequences(_: Description, values: dict[str, Any]) -> list[Block]:
    rows = [
        (
            LONG_NAMES[name],
            f"{len(folders):,}",
            ", ".join(folders[:40]) + (", ..." if len(folders) > 40 else "") or "none",
        )
        for name, folders in values["missing_sequences"].items()
    ]
    caption = "Patients without a sequence of their own on at least one slice"
    return [Table(("sequence", "patients", "folders"), rows, caption, numeric=(1,))]


def _clinical(_: Description, values: dict[str, Any]) -> list[Block]:
    clinical = values["clinical"]
    if clinical is None:
        return [Text("There is no clinical table: no data.csv lies in the data set's folder, and none was named.")]
    absent = clinical["patients_without_images"]
    words = (
        f"{clinical['file']} has {clinical['rows']:,} rows; its column {clinical['key']} names the patients. "
        f"{f'{len(absent):,} of its' if absent else 'None of its'} patients lack images here.\n\n"
        "Most of its values are codes, such as 1, 2 and 3. The public download brings no key to them, so they are "
        "shown as they are."
    )
    return [Text(words)]


def _enhanced_alone(clahe: Clahe) -> str:
    return (
        "" if clahe.sequences == SEQUENCES else f", in {' and '.join(LONG_NAMES[one] for one in clahe.sequences)} alone"
    )


def _intensity(description: Description, values: dict[str, Any]) -> list[Block]:
    clahe = description.preparation.clahe
    rows = [
        (
            f"{LONG_NAMES[one['sequence']]}, {one['stage']}",
            *(_levels(one, region) for region in ("tumour", "rest")),
            UNKNOWN if one["tumour_brighter"] is None else f"{one['tumour_brighter']:.3f}",
        )
        for one in values["intensity"]
    ]
    done = (
        f"After CLAHE is what the networks get before normalisation: clip limit {clahe.clip_limit:g}, "
        f"{clahe.tile_grid} x {clahe.tile_grid} tiles, and {clahe.blend:.0%} of the enhanced image mixed with "
        f"{1 - clahe.blend:.0%} of the original{_enhanced_alone(clahe)}."
        if clahe.enabled
        else "The recipe switches CLAHE off: before and after are the same."
    )
    columns = ("sequence", "tumour", "rest of the head", "tumour brighter")
    caption = (
        "Grey levels: median (5th to 95th percentile). Last column: probability that a pixel of a tumour is brighter "
        "than one of the rest of the head; 0.5 where the level alone tells nothing"
    )
    return [Text(done), Table(columns, rows, caption, numeric=(1, 2, 3))] if rows else []


def _levels(one: dict[str, Any], region: str) -> str:
    low, middle, high = (one[f"{region}_{name}"] for name in ("p5", "median", "p95"))
    return UNKNOWN if middle is None else f"{middle:.0f} ({low:.0f} to {high:.0f})"


def _columns(description: Description, _: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = [
        Text(
            "Missing values and types of the two tables. In slices.csv and slices.parquet, the clinical columns follow "
            "those of the slices, each patient's values on every slice of that patient."
        ),
        _column_table(column_rows(description.slices[list(TYPES)]), "The table of slices, before the clinical columns"),
    ]
    clinical = description.clinical
    if clinical is not None:
        types = {str(name): str(kind) for name, kind in clinical.as_read.dtypes.items()}
        types["patient"] = types[clinical.key]
        caption = f"The clinical table, {clinical.path.name}, one row a patient"
        blocks.append(_column_table(column_rows(clinical.table), caption, types))
    return blocks


def _column_table(rows: list[ColumnRow], caption: str, as_read: dict[str, str] | None = None) -> Table:
    columns = ["column", "holds", "type", "missing", "distinct", "values"]
    cells = [[one.name, one.kind, one.dtype, _share_missing(one), f"{one.distinct:,}", one.values] for one in rows]
    numeric = [3, 4]
    if as_read is not None:
        columns.insert(2, "type as read")
        numeric = [4, 5]
        for one in cells:
            one.insert(2, as_read.get(one[0], ""))
    return Table(columns, cells, caption, numeric=numeric)


def _share_missing(one: ColumnRow) -> str:
    return f"{one.missing:,} ({one.share:.1%})" if one.missing else "0"


def _patients(description: Description, _: dict[str, Any]) -> list[Block]:
    table = description.patients
    columns = ("folder", "institution", "slices", "with tumour", "tumour (pixels)", "largest slice (pixels)", "lacks")
    rows = [
        (
            one.folder,
            one.institution,
            f"{one.slices:,}",
            f"{one.tumour_slices:,}",
            f"{one.tumour_px:,}" if one.outlined else UNKNOWN,
            f"{one.largest_px:,}" if one.outlined else UNKNOWN,
            one.missing.replace("+", ", "),
        )
        for one in table.head(MOST_ROWS).itertuples(index=False)
    ]
    left = len(table) - len(rows)
    caption = f"patients.csv; {left:,} more are in the file" if left > 0 else "The same with all columns: patients.csv"
    return [Table(columns, rows, caption, numeric=range(2, 6))]


def _notes(_: Description, values: dict[str, Any]) -> list[Block]:
    rows = [(one,) for one in values["warnings"][:MOST_ROWS]]
    return [Table(("note",), rows, "What was assumed while reading", row_headers=False)] if rows else []


def _next_steps(_: Description, values: dict[str, Any]) -> list[Block]:
    return [
        Text(
            "gliascope data check looks for damaged, repeated and doubtful files. gliascope data split divides the "
            "patients into sides to train on, to choose by and to test on, balanced by institution and tumour size; "
            "its option --tables writes the training tables: image, mask and the label as a text, without the "
            "patient's name.\n\n"
            "Slices of one patient look alike, so the split is by patient. The shares above say what to expect of a "
            f"network that always answers no tumour: it is right on {_share_of_empty(values['slices'])} of the slices."
        )
    ]


def _share_of_empty(slices: dict[str, int]) -> str:
    judged = slices["tumour"] + slices["no_tumour"]
    return f"{slices['no_tumour'] / judged:.1%}" if judged else "an unknown share"
