from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.present.blocks import Block, Drawing, Gallery, Listing, Page, Picture, Status, Table
from gliascope.present.canvas import NOTICE
from gliascope.present.page import render_page
from gliascope.present.report.case_page import case_page
from gliascope.present.report.key_slices import Shown
from gliascope.scan import Problem

MakeShown = Callable[..., Shown]


def sheet() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((60, 90), dtype=np.uint8)).save(stream, format="JPEG")
    return stream.getvalue()


def page_of(shown: Shown, record: dict[str, Any] | None = None) -> Page:
    return case_page(shown.finding, shown.case, record or dict(shown.record), sheet())


def html(page: Page) -> str:
    return render_page(page.title, page.sections, subtitle=page.subtitle, lead=page.lead, footer=page.footer)


def blocks(page: Page) -> list[Block]:
    return [block for section in page.sections for block in section.blocks]


def drawings(page: Page) -> list[Drawing]:
    inside = [one for block in blocks(page) if isinstance(block, Gallery) for one in block.pictures]
    return [one for one in inside if isinstance(one, Drawing)]


def cells(page: Page) -> dict[str, str]:
    tables = [block for block in blocks(page) if isinstance(block, Table) and len(block.columns) == 2]
    return {row[0]: row[1] for table in tables for row in table.rows}


def test_an_image_folder_is_measured_in_pixels_alone(make_shown: MakeShown) -> None:
    page = page_of(make_shown(slices=6))
    assert [one.title for one in page.sections] == [
        "Result",
        "Key slices",
        "Measurements",
        "All slices",
        "What to know about the input",
        "How it was made",
    ]
    text = html(page)
    assert "does not say how large a pixel is: nothing is given in millimetres" in text
    assert "Orientation unknown" in text
    assert cells(page)["Outlined slices"] == "4 of 6"
    assert not [one for one in cells(page).values() if one.endswith((" mm", " ml"))]
    assert page.lead.startswith(NOTICE)


def test_a_volume_is_measured_in_millimetres_with_its_interval(make_shown: MakeShown) -> None:
    shown = make_shown(geometry=True, review=True)
    page = page_of(shown)
    found = cells(page)
    measured = shown.record["measurement"]
    low, high = (shown.record["uncertainty"]["volume_ml"][end] for end in ("low", "high"))
    assert found["Volume"] == f"{measured['volume_ml']:.1f} ml (90% interval {low:.1f} ml to {high:.1f} ml)"
    assert found["Longest axial diameter"].startswith(f"{measured['diameter_mm']:.1f} mm, on slice ")
    assert found["Orientation as stored"] == "LPS"
    assert found["Spacing as stored"] == "2.00 x 2.00 x 5.00 mm"
    assert "right, left, front and back" in html(page)
    status = next(one for one in blocks(page) if isinstance(one, Status))
    assert "needs review" in status.text


def test_diameters_are_drawn_where_they_were_measured(make_shown: MakeShown) -> None:
    shown = make_shown(geometry=True)
    (one,) = [drawing for drawing in drawings(page_of(shown)) if "white lines" in drawing.caption]
    measured = shown.record["measurement"]
    assert one.caption.startswith(f"Slice {measured['diameter_slice'] + 1} of 6")
    assert f"white lines: {measured['diameter_mm']:.1f} x {measured['perpendicular_mm']:.1f} mm" in one.caption
    assert one.svg.count('class="diameter"') == 2
    inside = one.svg[one.svg.index('class="outline"') :]
    assert 'class="diameter"' in inside


def test_an_empty_truth_is_called_so(make_shown: MakeShown) -> None:
    shown = make_shown(truth=True)
    empty = {**shown.record, "truth": {**shown.record["truth"], "area_px": 0}}
    assert "the truth that came with the input shows no tumour." in html(page_of(shown, empty))
    assert "blue: the true outline that came with the input." in html(page_of(shown))


def test_what_came_with_a_truth_is_compared(make_shown: MakeShown) -> None:
    shown = make_shown(geometry=True, truth=True)
    found = cells(page_of(shown))
    assert found["Dice, over all pixels of the case"] == f"{shown.record['truth']['dice']:.3f}"
    assert "Dice 0." in " ".join(one.caption for one in drawings(page_of(shown)))
    assert "Dice, over all pixels of the case" not in cells(page_of(make_shown(geometry=True)))


def test_volumes_are_compared_in_millimetres(make_shown: MakeShown) -> None:
    shown = make_shown(geometry=True, truth=True)
    truth, found = shown.record["truth"], cells(page_of(shown))
    assert found["Volume of the true outline"] == f"{truth['volume_ml']:.1f} ml"
    assert found["Volume of the found outline"] == found["Volume"]
    assert found["HD95 of the volume, in three dimensions"] == f"{truth['hd95_mm']:.1f} mm"
    pixels = [one["truth"] for one in shown.record["slices"]]
    assert truth["volume_ml"] == pytest.approx(sum(one["area_px"] for one in pixels) * 2 * 2 * 5 / 1000, abs=1e-3)
    assert 0 < truth["asd_mm"] <= truth["hd95_mm"] <= max(one["hd95_px"] or 0 for one in pixels) * 2
    plain = make_shown(truth=True)
    assert plain.record["truth"]["volume_ml"] is None
    assert "Volume of the true outline" not in cells(page_of(plain))
    older = {key: value for key, value in truth.items() if not key.endswith(("_ml", "_mm"))}
    assert "Volume of the true outline" not in cells(page_of(shown, {**shown.record, "truth": older}))


def test_what_was_missing_or_registered_is_told(make_shown: MakeShown) -> None:
    told = ("T1 missing", "t1c.nii: it was registered, moved by 3.1 mm")
    page = page_of(make_shown(warnings=told, problems=(Problem("/a/b/bad.nii", "no voxels"),)))
    assert next(one for one in blocks(page) if isinstance(one, Listing)).items == list(told)
    assert cells(page)["bad.nii"] == "no voxels"
    assert "/a/b" not in html(page)


def test_versions_and_digests_are_there(make_shown: MakeShown) -> None:
    shown = make_shown()
    found = cells(page_of(shown))
    assert found["gliascope"] == "9.9.9"
    assert found["SHA-256 of the model"] == "ab" * 32
    assert found["Operating point"] == (
        "balanced: slices from 0.4, pixels from 0.5, parts kept: spanning, holes: filled"
    )
    assert found["Engine"] == "fake 1 on cpu, precision float32"
    assert found["Fingerprint of input, model and options"] == "ef" * 32
    (table,) = [one for one in blocks(page_of(shown)) if isinstance(one, Table) and one.folded]
    assert [row[-1] for row in table.rows] == [one.sha256[:12] for one in shown.case.sources]


def test_pictures_tell_what_they_show(make_shown: MakeShown) -> None:
    page = page_of(make_shown(geometry=True, sequences=("pre", "flair", "post")))
    alts = [one.alt for one in drawings(page)]
    assert len(set(alts)) == len(alts)
    assert all("1 outlined area of together" in one and "patient's right is on the left" in one for one in alts)
    assert [one.caption for one in drawings(page)][-2:] == [
        "T1 before contrast, slice 2.",
        "T1 after contrast, slice 2.",
    ]
    (contact,) = [one for one in blocks(page) if isinstance(one, Picture)]
    assert contact.alt == "Contact sheet of 6 slices in the scan's order; outlined: slices 2 to 5."


def test_a_lone_image_needs_no_contact_sheet(make_shown: MakeShown) -> None:
    page = page_of(make_shown(slices=1))
    assert [one.title for one in page.sections][1] == "The image"
    assert not [one for one in blocks(page) if isinstance(one, Picture)]


def test_a_case_that_failed_has_a_report_too(make_shown: MakeShown) -> None:
    shown = make_shown(problems=(Problem("/a/x.tif", "the file is damaged"),))
    page = page_of(shown, {**shown.record, "slices": [], "slice_count": 0, "verdict": "not assessable"})
    assert [one.title for one in page.sections] == ["Result", "What to know about the input", "How it was made"]
    assert "x.tif: the file is damaged." in html(page)


def test_not_assessable_claims_no_sequence(make_shown: MakeShown) -> None:
    page = page_of(make_shown(verdict="not assessable"))
    assert page.subtitle == "Automatic search for a brain tumour; 6 slices, taken as FLAIR"
    assert "Taken as FLAIR" in html(page)
    assert "Measurements" not in [one.title for one in page.sections]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202egnp.exe", "مريض ١٢", "病人", "a&b\"c'd"])
def test_names_are_only_text(make_shown: MakeShown, name: str) -> None:
    text = html(page_of(make_shown(name=name, warnings=(f"{name}: odd",))))
    assert "<script" not in text
    assert "\u202e" not in text


def test_the_same_case_gives_the_same_page(make_shown: MakeShown) -> None:
    assert html(page_of(make_shown(geometry=True))) == html(page_of(make_shown(geometry=True)))


def test_a_report_of_many_slices_stays_small(make_shown: MakeShown) -> None:
    assert len(html(page_of(make_shown(slices=155, size=200)))) < 3 * 2**20
