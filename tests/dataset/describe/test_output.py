from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("seaborn")

import pandas as pd

from gliascope.dataset.describe import plots, write_description
from gliascope.dataset.describe.describe import Description
from gliascope.dataset.describe.plots import plots_of
from gliascope.dataset.describe.summary import summary

Describe = Callable[..., Description]


class Headings(HTMLParser):
    """Texts of every kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.tags.append(tag)
        self.found.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.tags:
            self.found[self.tags[-1]][-1] += data


@pytest.fixture(scope="module")
def found(kept_root: Path, described: Describe) -> Description:
    return described(kept_root)


@pytest.fixture(scope="module")
def written(found: Description, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one description was written."""
    out = tmp_path_factory.mktemp("described") / "out"
    drawn: list[str] = []
    values = write_description(found, out, watch=drawn.append)
    assert drawn == [one.name for one in plots_of(found)]
    assert values == json.loads((out / "describe.json").read_text(encoding="utf-8"))
    return out


@pytest.fixture
def few_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw some plots only: quick."""
    monkeypatch.setattr(plots, "KINDS", (plots._institutions, plots._scans))


def test_everything_is_written(found: Description, written: Path) -> None:
    files = {"report.html", "slices.csv", "slices.parquet", "patients.csv", "describe.json", "figures"}
    assert {one.name for one in written.iterdir()} == files
    names = {one.name for one in plots_of(found)}
    assert {one.name for one in (written / "figures").iterdir()} == {f"{one}.png" for one in names}
    page = Headings((written / "report.html").read_text(encoding="utf-8"))
    assert len(page.found["img"]) == len(names) == 15
    assert [one.strip() for one in page.found["h2"]] == [
        "Contents",
        "Summary",
        "Classes",
        "Patients",
        "Institutions",
        "Sequences",
        "Tumours",
        "Clinical table",
        "Intensity",
        "Scans",
        "Columns and missing values",
        "All patients",
        "From here to training",
    ]


def test_the_table_comes_back_with_its_types(found: Description, written: Path) -> None:
    back = pd.read_parquet(written / "slices.parquet")
    pd.testing.assert_frame_equal(back, found.slices)
    assert list(back["tumour"].cat.categories) == ["no tumour", "tumour"]
    plain = pd.read_csv(written / "slices.csv")
    assert list(plain.columns) == list(back.columns)
    assert list(plain["tumour_px"]) == list(back["tumour_px"])
    assert list(pd.read_csv(written / "patients.csv")["folder"]) == list(found.patients["folder"])


def test_figures_of_the_summary(found: Description) -> None:
    values = summary(found)
    assert values["schema"] == "gliascope.description/1"
    assert values["slices"] == {"all": 12, "tumour": 4, "no_tumour": 8, "no_mask": 0, "all_sequences": 9}
    assert values["missing_sequences"] == {"pre": [], "flair": [], "post": ["TCGA_AA_2_19990102"]}
    assert values["tumour_px"]["median"] == 12
    assert values["tumour_px"]["sum"] == 47
    assert [one["institution"] for one in values["institutions"]] == ["AA", "BB"]
    assert values["institutions"][0] == {
        "institution": "AA",
        "patients": 2,
        "slices": 7,
        "tumour_slices": 3,
        "tumour_px_median": 17.5,
        "missing_sequences": 1,
    }
    assert values["clinical"]["patients_without_images"] == ["TCGA_BB_9"]
    flair = next(one for one in values["intensity"] if (one["sequence"], one["stage"]) == ("flair", "before CLAHE"))
    assert flair["tumour_median"] == 190
    assert flair["tumour_brighter"] == 1.0
    assert values["clahe"]["blend"] == 0.5
    json.dumps(values, allow_nan=False)


def test_what_the_page_says_of_the_clinical_table(written: Path) -> None:
    text = (written / "report.html").read_text(encoding="utf-8")
    assert "data.csv has 4 rows; its column Patient names the patients. 1 of its patients lack images here." in text
    assert "brings no key to them" in text


def test_a_set_without_masks_and_table(tmp_path: Path, described: Describe, bright: Callable[..., Any]) -> None:
    for name in ("one", "two"):
        bright(slices=3).save(tmp_path / "scans" / name)
    values = write_description(described(tmp_path / "scans"), tmp_path / "out")
    assert values["tumour_px"] is None
    assert values["clinical"] is None
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "There is no clinical table" in text
    assert "right on an unknown share of the slices" in text
    drawn = {one.stem for one in (tmp_path / "out" / "figures").iterdir()}
    assert not drawn & {"tumour_areas", "tumour_positions", "tumour_places", "clinical_columns"}
    assert {"scans", "sequences", "clahe", "class_balance"} <= drawn


@pytest.mark.usefixtures("few_plots")
def test_a_phantom_is_stamped_everywhere(tmp_path: Path, described: Describe, root: Path) -> None:
    for one in root.glob("TCGA_AA*"):
        one.rename(root / one.name.replace("TCGA", "PHANTOM"))
    found = described(root)
    assert found.is_phantom
    write_description(found, tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    captions = text.count("<figcaption>") + text.count("<caption")
    assert text.count('<strong class="mark">Phantom') == captions > 8


@pytest.mark.usefixtures("few_plots")
def test_names_are_escaped(tmp_path: Path, described: Describe, root: Path) -> None:
    (root / "data.csv").write_text("Patient,<b>bold</b>\nTCGA_AA_1,<script>1</script>\n", encoding="utf-8")
    write_description(described(root), tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;b&gt;bold" in text


def test_the_same_set_gives_the_same_page(tmp_path: Path, found: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "KINDS", (plots._institutions, plots._clinical))
    pages = []
    for seed, name in enumerate(("first", "second")):
        np.random.seed(seed)  # noqa: NPY002  the global generator must change nothing
        write_description(found, tmp_path / name)
        pages.append((tmp_path / name / "report.html").read_bytes())
    assert pages[0] == pages[1]
