from __future__ import annotations

import filecmp
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from gliascope.errors import InputError
from gliascope.findings import Finding
from gliascope.pipeline import Analyser, analyse_into, write_case
from gliascope.pipeline.reports import Reports
from gliascope.read import find_cases, read_case
from gliascope.scan import Case

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


@pytest.fixture
def patients(tmp_path: Path, bright: Bright) -> Path:
    """One with tumour and truth, one without tumour, one with a bad file, one of which nothing can be read."""
    root = tmp_path / "patients"
    bright(seed=1).save(root / "p1", masks=True)
    bright(seed=2, tumour=(0, 0)).save(root / "p2")
    bright(seed=3, slices=4).save(root / "p10")
    (root / "p10" / "p10_2.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (root / "p3").mkdir()
    (root / "p3" / "x.tif").write_bytes(b"no image")
    return root


def run(inputs: Path | list[Path], out: Path, bundle: Path, **options: Any) -> None:
    for _ in analyse_into(Analyser(bundle), find_cases(inputs), out, **options):
        pass


def cases_of(out: Path) -> list[str]:
    page = (out / "index.html").read_text(encoding="utf-8")
    return [unescape(one) for one in re.findall(r'<th scope="row" data-value="([^"]*)"', page)]


@pytest.fixture
def made(tmp_path: Path, bright: Bright, tiny_bundle: BundleFactory) -> tuple[Finding, Case]:
    (files,) = find_cases(bright().save(tmp_path / "anna", masks=True))
    case = read_case(files)
    return Analyser(tiny_bundle()).analyse(case), case


def test_every_case_gets_its_report_whatever_became_of_it(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    out = tmp_path / "out"
    run(patients, out, tiny_bundle())
    said = {"p1": "Tumour suspected", "p2": "No tumour found", "p10": "Tumour suspected", "p3": "Not analysed"}
    for name, verdict in said.items():
        assert f">{verdict}</p>" in (out / name / "report.html").read_text(encoding="utf-8")
    assert cases_of(out) == ["p1", "p2", "p3", "p10"]
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "4 cases; 2 tumour suspected; 1 no tumour found; 1 not analysed." in page
    assert page.count("data:image/jpeg") == 3
    assert "not used: p10_2.png" in page


def test_the_same_cases_give_the_same_pages(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    bundle = tiny_bundle()
    run(patients, tmp_path / "one", bundle)
    run([patients / name for name in ("p10", "p3", "p2", "p1")], tmp_path / "two", bundle)
    files = ["index.html", *(f"{name}/report.html" for name in ("p1", "p2", "p3", "p10")), "p1/thumbnail.jpg"]
    assert filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", files, shallow=False) == (files, [], [])


def test_the_index_knows_all_cases_of_a_folder(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    out, bundle = tmp_path / "out", tiny_bundle()
    run([patients / "p2"], out, bundle)
    (out / "notes").mkdir()
    (out / "broken").mkdir()
    (out / "broken" / "findings.json").write_text('{"schema": "gliascope.finding/1"}')
    run([patients / "p1", patients / "p2"], out, bundle, resume=True)
    assert cases_of(out) == ["p1", "p2"]
    again = (out / "index.html").read_bytes()
    run([patients / "p1", patients / "p2"], out, bundle, resume=True)
    assert (out / "index.html").read_bytes() == again


def test_a_run_that_is_broken_off_leaves_an_index_of_what_is_done(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    outcomes = analyse_into(Analyser(tiny_bundle()), find_cases([patients]), tmp_path / "out")
    next(iter(outcomes))
    outcomes.close()  # type: ignore[attr-defined]  # a generator, as an iterator
    assert cases_of(tmp_path / "out") == ["p1"]


def test_without_figures_there_is_no_report_unless_asked_for(made: tuple[Finding, Case], tmp_path: Path) -> None:
    plain = write_case(*made, tmp_path / "plain", figures=False)
    assert (plain["report"], plain["report_pdf"], plain["thumbnail"]) == (None, None, None)
    assert not (tmp_path / "plain" / "anna" / "report.html").exists()
    asked = write_case(*made, tmp_path / "asked", figures=False, reports=Reports())
    assert asked["contact_sheet"] is None
    assert "Contact sheet of 6 slices" in (tmp_path / "asked" / "anna" / "report.html").read_text(encoding="utf-8")
    assert not (tmp_path / "asked" / "anna" / "figures").exists()


def test_a_report_as_pdf(made: tuple[Finding, Case], tmp_path: Path) -> None:
    pytest.importorskip("typst", reason="Typst writes PDF; the extra `pdf` has it")
    for name in ("one", "two"):
        record = write_case(*made, tmp_path / name, reports=Reports(pdf=True))
        assert record["report_pdf"] == "report.pdf"
    first, second = (tmp_path / name / "anna" / "report.pdf" for name in ("one", "two"))
    assert first.read_bytes().startswith(b"%PDF")
    assert first.read_bytes() == second.read_bytes()
    assert not [one for one in first.parent.iterdir() if one.name.startswith(".")]


def test_a_pdf_that_cannot_be_laid_out_ends_no_series(
    made: tuple[Finding, Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("typst", reason="Typst writes PDF; the extra `pdf` has it")
    lost = {"kind": "picture", "file": "lost.svg", "alt": "a", "caption": ""}
    monkeypatch.setattr("gliascope.present.report.pdf._picture", lambda *_: lost)
    record = write_case(*made, tmp_path / "out", reports=Reports(pdf=True))
    assert record["report_pdf"] is None
    assert "a report must be laid out as PDF" in record["problems"][0]["message"]
    assert (tmp_path / "out" / "anna" / "report.html").is_file()
    assert not (tmp_path / "out" / "anna" / "report.pdf").exists()


def test_an_older_index_is_kept_up_to_date_by_a_run_without_reports(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    out, bundle = tmp_path / "out", tiny_bundle()
    run([patients / "p2"], out, bundle, figures=False)
    assert not (out / "index.html").exists()
    run([patients / "p2"], out, bundle)
    run([patients / "p1"], out, bundle, figures=False)
    assert cases_of(out) == ["p1", "p2"]
    assert 'href="p1/' not in (out / "index.html").read_text(encoding="utf-8")


def test_somebody_s_own_index_is_left_alone(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("<html>my homepage</html>")
    with pytest.raises(InputError, match="only an older page of gliascope may be replaced"):
        run([patients / "p2"], out, tiny_bundle())
    assert (out / "index.html").read_text() == "<html>my homepage</html>"
    assert [one.name for one in out.iterdir()] == ["index.html"]


def test_names_that_need_care(tmp_path: Path, bright: Bright, tiny_bundle: BundleFactory) -> None:
    names = ["index.html", "مريض ١٢", "a#b&c;d", "it's 100%25"]
    for name in names:
        bright(slices=1, tumour=(0, 0)).save(tmp_path / "in" / name)
    out = tmp_path / "out"
    run(tmp_path / "in", out, tiny_bundle())
    assert (out / "index.html").is_file()
    assert (out / "index.html_" / "report.html").is_file()
    page = (out / "index.html").read_text(encoding="utf-8")
    for address in re.findall(r'<a href="([^"#]+)"', page):
        assert (out / unquote(address)).is_file()
    assert sorted(cases_of(out)) == sorted(names)


def test_records_say_where_reports_are(tmp_path: Path, made: tuple[Finding, Case]) -> None:
    write_case(*made, tmp_path / "out")
    folder = tmp_path / "out" / "anna"
    record = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert record["report"] == "report.html"
    assert (folder / record["thumbnail"]).stat().st_size < 10_000
    assert (folder / "report.html").stat().st_size < 2**20
