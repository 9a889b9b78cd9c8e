from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.errors import MissingExtra
from gliascope.present.blocks import Page, Section, Text
from gliascope.present.canvas import NOTICE
from gliascope.present.report.case_page import case_page
from gliascope.present.report.key_slices import Shown

MakeShown = Callable[..., Shown]


def written(path: Path, page: Page) -> list[str]:
    """Texts of the pages of a PDF, as a reader of our own has no part in."""
    pytest.importorskip("typst", reason="Typst writes PDF; the extra `pdf` has it")
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads PDF; the extra `test` has it")
    from gliascope.present.report.pdf import write_pdf

    write_pdf(path, page)
    return [" ".join(one.extract_text().split()) for one in pypdf.PdfReader(path).pages]


def page_of(shown: Shown) -> Page:
    return case_page(shown.finding, shown.case, shown.record, None)


def test_every_page_has_the_notice(make_shown: MakeShown, tmp_path: Path) -> None:
    pages = written(tmp_path / "report.pdf", page_of(make_shown(geometry=True, truth=True, slices=20)))
    assert len(pages) > 1
    assert all(NOTICE in one for one in pages)
    text = " ".join(pages)
    for said in ("Tumour suspected", "Longest axial diameter", "ab" * 32, "Agreement with the true outline"):
        assert said in text
    assert [one.name for one in tmp_path.iterdir()] == ["report.pdf"]


def test_the_same_case_gives_the_same_bytes(make_shown: MakeShown, tmp_path: Path) -> None:
    for name in ("one.pdf", "two.pdf"):
        written(tmp_path / name, page_of(make_shown(geometry=True)))
    content = (tmp_path / "one.pdf").read_bytes()
    assert content == (tmp_path / "two.pdf").read_bytes()
    assert re.search(rb"pdfuaid:part[>=\"]+1", content)


def test_it_has_tags_language_and_title(make_shown: MakeShown, tmp_path: Path) -> None:
    written(tmp_path / "a.pdf", page_of(make_shown(name="Fälle مريض")))
    import pypdf

    reader = pypdf.PdfReader(tmp_path / "a.pdf")
    root: Any = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert reader.metadata is not None
    assert reader.metadata.title == "Fälle مريض"


@pytest.mark.parametrize("text", ["#panic()", "*bold* _it_ $x$ `c` @ref <l>", '"quoted" \\ #{1+1}', "// off", "病人"])
def test_texts_are_never_markup(tmp_path: Path, text: str) -> None:
    page = Page(text, [Section(text, [Text(text)])], subtitle=text, lead=text, footer=(text,))
    (told,) = written(tmp_path / "a.pdf", page)
    if text.isascii():
        assert told.count(text) == 6


def test_without_typst_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gliascope.present.report.pdf import require_pdf

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("gliascope.errors.import_module", refuse)
    with pytest.raises(MissingExtra, match=r'--pdf needs the extra `pdf` .*: pip install "gliascope\[pdf\]"'):
        require_pdf("--pdf")
