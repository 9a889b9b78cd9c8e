from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.present.report.index_page import index_row, is_index, render_index, write_index
from gliascope.present.report.key_slices import Shown
from gliascope.present.report.svg import jpeg
from gliascope.present.report.thumbnail import SIDE, thumbnail
from gliascope.scan import Problem

MakeShown = Callable[..., Shown]


def record_of(shown: Shown, **changes: Any) -> dict[str, Any]:
    return {**shown.record, "report": "report.html", "thumbnail": None, **changes}


def names(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<th scope="row" data-value="([^"]*)"', page)]


def test_every_case_has_a_row_by_name(make_shown: MakeShown, tmp_path: Path) -> None:
    rows = [index_row(record_of(make_shown(name=one)), tmp_path / one) for one in ("p10", "p9", "P1", "anna")]
    page = render_index("Results", rows)
    assert names(page) == ["anna", "P1", "p9", "p10"]
    assert page == render_index("Results", rows[::-1])
    assert "4 cases; 4 tumour suspected." in page


def test_what_is_said_of_a_case_can_be_seen(make_shown: MakeShown, tmp_path: Path) -> None:
    problem = Problem("/home/anna/x.tif", "must have 1 or 3 channels, received 2")
    rows = [
        index_row(record_of(make_shown(name="a", geometry=True, truth=True, review=True)), tmp_path / "a"),
        index_row(record_of(make_shown(name="b", verdict="not assessable")), tmp_path / "b"),
        index_row(record_of(make_shown(name="c", problems=(problem,))), tmp_path / "c"),
        index_row(
            record_of(make_shown(name="d", problems=(problem,)), slices=[], report=None, contact_sheet=None),
            tmp_path / "d",
        ),
    ]
    page = render_index("Results", rows)
    for said in ("outline needs review", "volume, ml", "Dice", "Not analysed", "like a sagittal or coronal section"):
        assert said in page
    assert "not used: x.tif: must have 1 or 3 channels, received 2" in page
    assert "/home" not in page
    assert 'href="a/report.html"' in page
    assert 'href="d/' not in page


def test_force_is_told(make_shown: MakeShown, tmp_path: Path) -> None:
    row = index_row(record_of(make_shown(reason="contrast")), tmp_path / "a")
    assert row.notes == ("judged by force: like a head whose contrast is not that of FLAIR",)


def test_columns_that_nobody_fills_are_left_out(make_shown: MakeShown, tmp_path: Path) -> None:
    page = render_index("Results", [index_row(record_of(make_shown()), tmp_path / "a")])
    assert "volume, ml" not in page
    assert "Dice" not in page


@pytest.mark.parametrize("name", ["case #1?x=%20&y", "<script>alert(1)</script>", "مريض", '"><img onerror=x>', "a b"])
def test_hostile_names_are_text_and_links_that_work(make_shown: MakeShown, tmp_path: Path, name: str) -> None:
    page = render_index("Results", [index_row(record_of(make_shown(name=name)), tmp_path / name)])
    assert names(page) == [name]
    assert page.count("<script") == 1
    (address,) = re.findall(r'<a href="([^"#]*)"', page)
    assert re.fullmatch(r"[A-Za-z0-9%._~-]+/report\.html", address)


def test_only_its_own_script_may_run(make_shown: MakeShown, tmp_path: Path) -> None:
    page = render_index("Results", [index_row(record_of(make_shown()), tmp_path / "a")])
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert not re.search(r"https?://", page)


def test_thumbnails_are_inside(make_shown: MakeShown, tmp_path: Path) -> None:
    shown = make_shown(geometry=True)
    content = thumbnail(shown.finding, shown.case, shown.record)
    assert content is not None
    (tmp_path / "thumbnail.jpg").write_bytes(content)
    row = index_row(record_of(shown, thumbnail="thumbnail.jpg"), tmp_path)
    page = render_index("Results", [row])
    assert base64.b64encode(content).decode() in page
    assert 'alt="slice 2 of 6, with its outline"' in page
    (tmp_path / "thumbnail.jpg").unlink()
    assert "data:image" not in render_index("Results", [row])


def test_a_thumbnail_is_a_small_square(make_shown: MakeShown) -> None:
    shown = make_shown(size=30)
    content = thumbnail(shown.finding, shown.case, shown.record)
    assert content == thumbnail(shown.finding, shown.case, shown.record)
    assert content is not None
    assert len(content) < 8000
    assert jpeg(np.zeros((SIDE, SIDE, 3), np.uint8), SIDE, 80) != content


def test_an_index_is_told_from_other_pages(make_shown: MakeShown, tmp_path: Path) -> None:
    write_index(tmp_path / "index.html", "Results", [])
    assert is_index(tmp_path / "index.html")
    (tmp_path / "other.html").write_text("<html><body>my homepage</body></html>")
    assert not is_index(tmp_path / "other.html")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["index.html", "other.html"]
