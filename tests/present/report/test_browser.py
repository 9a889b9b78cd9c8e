"""The report and the index as a browser shows them: contrast, keyboard, narrow windows, paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from gliascope.present.canvas import NOTICE
from gliascope.present.page import write_page
from gliascope.present.report.case_page import case_page
from gliascope.present.report.index_page import index_row, write_index
from gliascope.present.report.key_slices import Shown
from gliascope.present.report.thumbnail import thumbnail
from gliascope.scan import Problem
from tests.browser import Browser, chromium

MakeShown = Callable[..., Shown]

CONTRAST = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = (colour) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const sheet = element.closest("svg")?.querySelector("rect");
    if (sheet && sheet.getAttribute("x") === null) return rgb(getComputedStyle(sheet).fill);
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const bad = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("script, style") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const colour = rgb(element.closest("svg") ? style.fill : style.color);
    const [high, low] = [light(colour), light(ground(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    count += 1;
    if (ratio < (large ? 3 : 4.5)) bad.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return { count, bad };
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def report(make_shown: MakeShown, tmp_path: Path) -> Path:
    shown = make_shown(
        name="مريض ١٢ <b>",
        geometry=True,
        truth=True,
        review=True,
        slices=12,
        sequences=("pre", "flair", "post"),
        warnings=("T1 missing",),
        problems=(Problem("x.tif", "the file is damaged"),),
    )
    page = case_page(shown.finding, shown.case, shown.record, None)
    path = tmp_path / "report.html"
    return write_page(path, page.title, page.sections, subtitle=page.subtitle, lead=page.lead, footer=page.footer)


@pytest.fixture
def index(make_shown: MakeShown, tmp_path: Path) -> Path:
    rows = []
    for name, verdict in (("p10", "tumour"), ("p9", "no tumour"), ("p2", "not assessable"), ("مريض", "tumour")):
        shown = make_shown(name=name, verdict=verdict, slices=6 if name == "p10" else 5, truth=name == "p10")
        folder = tmp_path / name
        folder.mkdir()
        (folder / "thumbnail.jpg").write_bytes(thumbnail(shown.finding, shown.case, shown.record) or b"")
        rows.append(index_row({**shown.record, "report": "report.html", "thumbnail": "thumbnail.jpg"}, folder))
    return write_index(tmp_path / "index.html", "Results", rows)


@pytest.mark.parametrize("page", ["report", "index"])
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_every_text_has_the_contrast_of_wcag_aa(
    browser: Browser, request: pytest.FixtureRequest, page: str, medium: str
) -> None:
    browser.open(request.getfixturevalue(page))
    browser.call("Emulation.setEmulatedMedia", media=medium)
    browser.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
    found = browser.run(CONTRAST)
    browser.call("Emulation.setEmulatedMedia", media="")
    assert found["count"] > 25
    assert found["bad"] == []


@pytest.mark.parametrize("page", ["report", "index"])
def test_a_screen_reader_finds_its_way(browser: Browser, request: pytest.FixtureRequest, page: str) -> None:
    browser.open(request.getfixturevalue(page))
    assert browser.run("document.documentElement.lang") == "en-GB"
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = "[...document.querySelectorAll('img:not([alt]), img[alt=\"\"], [role=img]:not([aria-label])')].length"
    assert browser.run(unnamed) == 0
    browser.call("Accessibility.enable")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    named = {"button", "checkbox", "searchbox", "link", "image", "table", "region"}
    for one in nodes:
        if not one["ignored"] and one["role"]["value"] in named:
            assert one.get("name", {}).get("value"), one
    headless = "[...document.querySelectorAll('table')].filter((one) => !one.tHead || !one.caption).length"
    assert browser.run(headless) == 0


@pytest.mark.parametrize("page", ["report", "index"])
@pytest.mark.parametrize("width", [320, 768, 1600])
def test_no_window_has_to_be_scrolled_sideways(
    browser: Browser, request: pytest.FixtureRequest, page: str, width: int
) -> None:
    browser.open(request.getfixturevalue(page))
    browser.resize(width, 900)
    wide = browser.run("document.documentElement.scrollWidth")
    browser.call("Emulation.clearDeviceMetricsOverride")
    assert wide <= width


def test_columns_are_sorted_by_keyboard(browser: Browser, index: Path) -> None:
    names = "[...document.querySelectorAll('tbody th')].map((one) => one.dataset.value)"
    sorting = (
        "[...document.querySelectorAll('[aria-sort]')].map((one) => [one.textContent, one.getAttribute('aria-sort')])"
    )
    browser.open(index)
    assert browser.run(names) == ["p2", "p9", "p10", "مريض"]
    assert browser.run(sorting) == [["case", "ascending"]]
    for _ in range(12):
        browser.press("Tab")
        if browser.run("document.activeElement.textContent") == "suspicious slices":
            break
    browser.press("Enter")
    assert browser.run(sorting) == [["suspicious slices", "ascending"]]
    assert browser.run(names) == ["p9", "مريض", "p10", "p2"]
    browser.press("Space")
    assert browser.run(sorting) == [["suspicious slices", "descending"]]
    assert browser.run(names) == ["p10", "مريض", "p9", "p2"]
    assert (
        browser.run("document.querySelector('[role=status]').textContent") == "Sorted by suspicious slices, descending."
    )


def test_cases_are_searched(browser: Browser, index: Path) -> None:
    browser.open(index)
    browser.run("document.querySelector('input').focus()")
    browser.call("Input.insertText", text="NOT assess")
    assert browser.run("document.querySelector('[role=status]').textContent") == "1 of 4 cases shown."
    assert browser.run("[...document.querySelectorAll('tbody tr')].filter((one) => !one.hidden).length") == 1


def test_outlines_are_hidden_by_keyboard_and_printed_all_the_same(browser: Browser, report: Path) -> None:
    seen = "getComputedStyle(document.querySelector('.outline')).visibility"
    browser.open(report)
    assert browser.run(seen) == "visible"
    browser.run("document.querySelector('input.switch').focus()")
    browser.press("Space")
    assert browser.run(seen) == "hidden"
    browser.call("Emulation.setEmulatedMedia", media="print")
    printed = browser.run(seen)
    browser.call("Emulation.setEmulatedMedia", media="")
    assert printed == "visible"


def test_every_printed_page_has_the_notice(browser: Browser, report: Path, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads PDF; the extra `test` has it")
    browser.open(report)
    browser.print_to(tmp_path / "printed.pdf")
    pages = [one.extract_text() for one in pypdf.PdfReader(tmp_path / "printed.pdf").pages]
    assert len(pages) > 1
    assert all(NOTICE in " ".join(one.split()) for one in pages)
