from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.canvas import NOTICE
from gliascope.present.page import (
    Block,
    Drawing,
    Gallery,
    Listing,
    Picture,
    Section,
    Status,
    Table,
    Text,
    render_page,
    write_page,
)

VOID = {"meta", "img", "br", "hr", "link", "input"}
SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><circle r='4'/></svg>"
AWKWARD = "<script>alert('&')</script> \"quoted\""


class Reader(HTMLParser):
    """Reads a page as a browser does, and insists that every element is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def png(width: int = 40, height: int = 20) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (width, height), 90).save(stream, format="PNG")
    return stream.getvalue()


def every_block(text: str = "a text") -> list[Section]:
    table = Table(["name", "value"], [[text, "1.5"], ["second", "2.5"]], f"table of {text}", numeric=(1,))
    picture = Picture(png(), alt=f"picture of {text}", caption=text)
    return [
        Section("What was found", [Text(f"{text}\n\nsecond paragraph"), table]),
        Section(text or "x", [picture, Gallery([picture, Picture(SVG, alt="a circle")])]),
    ]


def test_a_page_is_well_formed_and_in_order() -> None:
    page = Reader(render_page("Report", every_block(), subtitle="of a test", footer=["made today"]))
    assert page.all("html")[0]["lang"] == "en-GB"
    assert page.texts["title"] == page.texts["h1"] == ["Report"]
    assert page.texts["h2"] == ["Contents", "What was found", "a text"]
    assert page.texts["p"][0:3] == ["of a test", "a text", "second paragraph"]
    assert page.texts["p"][-2:] == ["made today", NOTICE]
    assert [one["scope"] for one in page.all("th")] == ["col", "col", "row", "row"]
    assert [one.get("class") for one in page.all("td")] == ["number", "number"]
    assert all(one["alt"] for one in page.all("img"))
    identities = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(set(identities)) == len(identities)
    named = {attributes["aria-labelledby"] for _, attributes in page.found if "aria-labelledby" in attributes}
    assert named <= set(identities)
    assert {one["href"].removeprefix("#") for one in page.all("a")} <= set(identities)


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = render_page("Report", every_block(), stamp="phantom")
    page = Reader(text)
    assert all(one["src"].startswith("data:image/") for one in page.all("img"))
    assert not page.all("script") + page.all("link") + page.all("iframe")
    assert not re.search(r"(https?:)?//[a-z]|url\(|@import", re.sub(r'src="data:[^"]+"', "", text))
    policy = next(one["content"] for one in page.all("meta") if "http-equiv" in one)
    assert policy.startswith("default-src 'none'")


def test_texts_are_escaped_everywhere() -> None:
    text = render_page(AWKWARD, every_block(AWKWARD), subtitle=AWKWARD, stamp=AWKWARD, footer=[AWKWARD])
    page = Reader(text)
    assert "<script" not in text
    assert page.texts["h1"] == [AWKWARD]
    assert page.all("img")[0]["alt"] == f"picture of {AWKWARD}"
    assert AWKWARD in page.texts["th"]


@settings(max_examples=15)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_any_text_can_stand_in_a_page(text: str) -> None:
    page = Reader(render_page("Report", every_block(text), stamp=text))
    assert text in page.texts["th"]
    assert page.texts["h2"][-1] == text


def test_the_stamp_is_in_every_caption() -> None:
    page = Reader(render_page("Report", every_block(), stamp="in-sample"))
    captions = page.texts["caption"] + page.texts["figcaption"]
    assert len(captions) == 1 + 3
    assert all(one.startswith("in-sample") for one in captions)
    assert any(one.get("class") == "banner" for one in page.all("p"))
    plain = Reader(render_page("Report", every_block()))
    assert plain.texts["caption"] == ["table of a text"]
    assert len(plain.texts["figcaption"]) == 2
    assert "strong" not in plain.texts


def test_pictures_are_inside_at_the_size_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "plot.png"
    file.write_bytes(png(80, 30))
    blocks = [Picture(file, "a plot"), Picture(file, "smaller", width=40), Picture(SVG, "a circle", width=60)]
    first, second, third = Reader(render_page("Report", [Section("Plots", blocks)])).all("img")
    assert base64.b64decode(first["src"].removeprefix("data:image/png;base64,")) == file.read_bytes()
    assert (first["width"], first["height"]) == ("80", "30")
    assert (second["width"], second["height"]) == ("40", "15")
    assert base64.b64decode(third["src"].removeprefix("data:image/svg+xml;base64,")) == SVG
    assert third["width"] == "60"


def test_a_wide_picture_scrolls_in_a_narrow_window() -> None:
    blocks = [Picture(png(576, 20), "a wide plot"), Picture(png(), "a small one")]
    wide, small = Reader(render_page("Report", [Section("Plots", blocks)])).all("img")
    assert wide["class"] == "wide"
    assert "class" not in small


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<html></html>", b"\xff\xd8\xff"])
def test_other_kinds_of_pictures_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="must be PNG, JPEG or SVG"):
        render_page("Report", [Section("Plots", [Picture(content, "a plot")])])


def test_a_jpeg_is_taken_at_its_own_size() -> None:
    stream = io.BytesIO()
    Image.new("L", (30, 20), 90).save(stream, format="JPEG")
    (one,) = Reader(render_page("Report", [Section("Photo", [Picture(stream.getvalue(), "a photo")])])).all("img")
    assert one["src"].startswith("data:image/jpeg;base64,")
    assert (one["width"], one["height"]) == ("30", "20")


def test_status_remarks_and_lead_are_read_in_order() -> None:
    blocks: list[Block] = [Status("Tumour suspected", "first\n\nsecond", "attention"), Listing(["one", AWKWARD])]
    page = Reader(render_page("Report", [Section("Result", blocks)], lead="look twice"))
    assert page.texts["p"][:4] == ["look twice", "Tumour suspected", "first", "second"]
    assert page.texts["li"] == ["one", AWKWARD]
    assert any("attention" in one.get("class", "") for one in page.all("div"))


def test_a_folded_table_is_behind_a_button() -> None:
    page = Reader(render_page("Report", [Section("Tables", [Table(["a"], [["1"]], "long", folded="All of it")])]))
    assert page.texts["summary"] == ["All of it"]
    assert "details" in page.texts


def test_a_drawing_is_told_in_words_and_its_outlines_can_be_hidden() -> None:
    drawing = Drawing("<svg><g class='outline'></g></svg>", AWKWARD, "caption", (300, 200))
    page = Reader(render_page("Report", [Section("Slices", [Gallery([drawing], "Show outlines"), drawing])]))
    told = [one for one in page.all("div") if one.get("role") == "img"]
    assert [one["aria-label"] for one in told] == [AWKWARD, AWKWARD]
    (box,) = page.all("input")
    assert page.all("label") == [{"class": "switch", "for": box["id"]}]
    assert page.texts["label"] == ["Show outlines"]
    with pytest.raises(InputError, match="what it shows"):
        Drawing("<svg/>", "", "", (1, 1))


def test_a_picture_must_be_told_in_words() -> None:
    with pytest.raises(InputError, match="what it shows"):
        Picture(png(), alt=" ")


def test_a_table_s_rows_must_fit_its_columns() -> None:
    with pytest.raises(InputError, match="must have 2 cells, received 1"):
        Table(["a", "b"], [["1", "2"], ["3"]], "uneven")


def test_a_table_without_rows_says_so() -> None:
    page = Reader(render_page("Report", [Section("Tables", [Table(["a", "b"], [], "empty")])]))
    assert page.texts["td"] == ["none"]
    assert page.all("td")[0]["colspan"] == "2"


def test_sections_have_anchors_of_their_own() -> None:
    titles = ["Summary", "Summary", "Contents", "3 ways", "Größe", "—"]
    page = Reader(render_page("Report", [Section(one, []) for one in titles] + [Section("Last", [], anchor="end")]))
    assert [one["href"] for one in page.all("a")][1:] == [
        "#summary",
        "#summary-2",
        "#contents-2",
        "#section-3-ways",
        "#gr-e",
        "#section",
        "#end",
    ]


@pytest.mark.parametrize("anchor", ["Summary", "a b", "", "summary", "contents"])
def test_an_anchor_that_cannot_be_linked_to_is_refused(anchor: str) -> None:
    with pytest.raises(InputError, match="an anchor must be"):
        render_page("Report", [Section("Summary", []), Section("Other", [], anchor=anchor)])


def test_one_section_needs_no_contents() -> None:
    assert "nav" not in Reader(render_page("Report", [Section("Only", [])])).texts


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.html"
    assert write_page(path, "Größe", every_block(), stamp="leaky") == path
    assert path.read_text(encoding="utf-8") == render_page("Größe", every_block(), stamp="leaky")
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_page(path, "Other", [Section("Plots", [Picture(b"nothing", "a plot")])])
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_colours_are_told_apart() -> None:
    style = Reader(render_page("Report", [])).texts["style"][0]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", style))

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pairs = [(ink, ground) for ink in ("ink", "faint", "accent") for ground in ("paper", "desk", "wash")]
    for ink, ground in [*pairs, ("warn", "warn-wash")]:
        lighter, darker = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{ink} on {ground}"
