from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gliascope.bundle import Bundle
from gliascope.dataset.split import Split
from gliascope.evaluate.assemble import Evaluation, make_record, origin_of
from gliascope.evaluate.compare import compare
from gliascope.evaluate.definitions import EVERY, FIGURES
from gliascope.evaluate.page import write_report
from gliascope.evaluate.plots import PLOTS, draw_plots
from gliascope.evaluate.remake import load_result
from gliascope.evaluate.report import pictures_of, write_results
from gliascope.evaluate.run import evaluate_side
from gliascope.evaluate.tables import (
    GROUP_FIGURES,
    HEADLINE,
    OUTLINES,
    PROBABILITIES,
    SURPLUS,
    console_order,
    slice_figures,
)
from gliascope.evaluate.worst import WorstPatients
from gliascope.pipeline import Analyser


@pytest.fixture
def worst() -> WorstPatients:
    return WorstPatients()


@pytest.fixture
def evaluation(data: Path, split: Split, analyser: Analyser, worst: WorstPatients) -> Evaluation:
    return evaluate_side(data, split, analyser, resamples=20, on_patient=worst)


class Reader(HTMLParser):
    """Cells of all rows, by the first one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.titles: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "h2":
            self.titles.append("")
        if tag == "img":
            self.pictures.append(dict(attrs))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  the base class names it
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in {"td", "th"}:
            self.rows[-1][-1] += data
        if self._open == "h2":
            self.titles[-1] += data


def test_every_figure_is_in_one_table_of_the_page() -> None:
    parts = [*OUTLINES, *SURPLUS, *slice_figures(), *PROBABILITIES]
    assert sorted(parts) == sorted(one.name for one in EVERY)
    assert [one.name for one in console_order()][: len(HEADLINE)] == list(HEADLINE)
    assert len(console_order()) == len(EVERY)
    assert set(GROUP_FIGURES) <= set(parts)


def test_the_page_shows_every_figure_patient_and_plot(
    evaluation: Evaluation, worst: WorstPatients, bundle: Bundle, tmp_path: Path
) -> None:
    files = write_results(evaluation, tmp_path / "out", worst=worst, bundles=[bundle])
    page = Reader(files[0].read_text(encoding="utf-8"))
    rows = {row[0]: row[1:] for row in page.rows if row}
    record = evaluation.record
    shown = [(row[0], row[1]) for row in page.rows if len(row) == 5]
    for one in FIGURES:
        assert (one.title, one.show(record.figures[one.name].value)) in shown
    for person in record.patients:
        assert rows[person.patient][1] == f"{person.dice:.3f}"
    assert rows["tumour"] == [f"{record.confusion.tp}", f"{record.confusion.fn}", "3"]
    assert len(page.pictures) == len(PLOTS) + 2
    assert all(one["alt"] and str(one["src"]).startswith("data:image/png;base64,") for one in page.pictures)
    assert page.titles == [
        "Contents",
        "In short",
        "What was scored",
        "Outlines",
        "Slices",
        "Probabilities",
        "Operating points",
        "Groups",
        "Worst patients",
        "All patients",
        "What the figures mean",
    ]
    assert [row[1:] for row in page.rows if row[:1] == ["Patients"]][1:] == [["1", "1"], ["1", "1"], ["2"]]


def test_every_interval_of_a_group_is_shown(evaluation: Evaluation, tmp_path: Path) -> None:
    page = Reader(write_report(evaluation.record, tmp_path / "page.html").read_text(encoding="utf-8"))
    mean = FIGURES[0]
    (group,) = [one for one in evaluation.record.groups if one.by == "missing"]
    figure = group.figures[mean.name]
    cell = f"{mean.show(figure.value)} ({mean.show(figure.low)} to {mean.show(figure.high)})"
    assert [mean.title, cell] in [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in page.rows]


def test_pictures_stay_where_the_evidence_is_the_same(
    evaluation: Evaluation, worst: WorstPatients, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    other = write_results(evaluation, out, worst=worst, against=compare(evaluation, evaluation, resamples=5))
    assert out / "against.json" in other
    assert out / "figures" / "against.png" in other
    first = (out / "report.html").read_text(encoding="utf-8")
    again = write_results(load_result(out), out)
    assert {one.name for one in again if one.parent.name == "worst"} == {"01-TCGA_BB_0002.png", "02-TCGA_AA_0001.png"}
    assert not (out / "against.json").exists()
    assert not (out / "figures" / "against.png").exists()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == first.count("<img") - 1
    assert "No pictures" not in page


def test_a_call_that_ends_before_its_pictures_leaves_none_of_another_result(
    evaluation: Evaluation, worst: WorstPatients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_results(evaluation, tmp_path, worst=worst)
    assert pictures_of(evaluation.record, tmp_path) is not None

    def end(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(WorstPatients, "draw", end)
    with pytest.raises(KeyboardInterrupt):
        write_results(evaluation, tmp_path, worst=worst)
    assert pictures_of(evaluation.record, tmp_path) is None


def test_pictures_of_another_result_are_taken_away(
    evaluation: Evaluation, worst: WorstPatients, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_results(evaluation, out, worst=worst)
    (out / "worst" / "notes.png").write_bytes(b"mine")
    (out / "figures" / "mine.png").write_bytes(b"mine")
    one = tuple(person for person in evaluation.patients if person.patient == "TCGA_AA_0001")
    other = Evaluation(make_record(one, origin_of(evaluation.record), resamples=0, seed=0), one)
    write_results(other, out)
    assert [path.name for path in (out / "worst").iterdir()] == ["notes.png"]
    assert (out / "figures" / "mine.png").is_file()
    assert "TCGA_BB_0002" not in (out / "report.html").read_text(encoding="utf-8")


def test_where_there_is_only_one_kind_of_slice_there_is_no_curve(evaluation: Evaluation, tmp_path: Path) -> None:
    out = tmp_path / "out"
    draw_plots(evaluation, out / "figures")
    people = tuple(
        type(one)(
            one.patient, one.institution, one.folders, tuple(s for s in one.slices if not s.tumour and not s.called)
        )
        for one in evaluation.patients
    )
    record = make_record(people, origin_of(evaluation.record), resamples=0, seed=0)
    write_results(Evaluation(record, people), out)
    assert sorted(path.name for path in (out / "figures").iterdir()) == ["confusion.png", "reliability.png"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Only one kind of slice was scored: there is no curve." in page
    assert re.search(r"The patients with the lowest Dice are, from the lowest: none\.", page)


def test_the_folds_of_a_cross_validation_are_named(evaluation: Evaluation, tmp_path: Path) -> None:
    record = evaluation.record
    people = [one.model_copy(update={"fold": number}) for number, one in enumerate(record.patients)]
    models = [record.models[0].model_copy(update={"fold": number}) for number in (0, 1)]
    folds = record.model_copy(update={"patients": people, "models": models})
    text = write_report(folds, tmp_path / "page.html").read_text(encoding="utf-8")
    page = Reader(text)
    assert "<bdi>Evaluation of 2 models of a cross-validation (plain-1)</bdi></h1>" in text
    assert [row[:2] for row in page.rows if row[1:2] == ["plain-1"]] == [["0", "plain-1"], ["1", "plain-1"]]
    rows = {row[0]: row for row in page.rows if row}
    assert rows["patient"][-1] == "fold"
    assert [rows[one.patient][-1] for one in people] == ["0", "1"]


def test_names_are_escaped(evaluation: Evaluation, tmp_path: Path) -> None:
    data = evaluation.record.data.model_copy(update={"name": "<script>alert(1)</script>"})
    page = write_report(evaluation.record.model_copy(update={"data": data}), tmp_path / "page.html")
    assert "<script" not in page.read_text(encoding="utf-8")
