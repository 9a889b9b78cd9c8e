from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gliascope.present.report.key_slices import Shown
from gliascope.present.report.text import plural, readable
from gliascope.present.report.words import calibration_text, probability, rule_text, verdict_text, verdict_title
from gliascope.scan import Problem

MakeShown = Callable[..., Shown]
DIAGNOSES = ("diagnosed", "has a tumour", "has a glioma", "is healthy", "no tumour is present", "cancer", "ruled out")


def said(shown: Shown) -> tuple[str, str]:
    return verdict_title(shown.record), verdict_text(shown.record)


def test_a_suspicion_leaves_the_word_to_a_physician(make_shown: MakeShown) -> None:
    title, text = said(make_shown(slices=6))
    assert title == "Tumour suspected"
    assert text.startswith("4 of 6 slices look suspicious of a tumour to the software; the highest probability")
    assert "0.970" in text
    assert "for a physician to say" in text


def test_nothing_found_does_not_exclude(make_shown: MakeShown) -> None:
    title, text = said(make_shown(verdict="no tumour"))
    assert title == "No tumour found"
    assert "does not exclude a tumour" in text
    single = verdict_text(make_shown(slices=1, verdict="no tumour").record)
    assert "its probability is 0.040" in single


def test_a_refusal_gives_its_reasons(make_shown: MakeShown) -> None:
    title, text = said(make_shown(verdict="not assessable"))
    assert title == "Not assessable"
    assert text.startswith("Nothing is said about a tumour. Reason: like a sagittal or coronal section")
    assert "chance 0.02" in text


def test_a_failure_names_the_file_without_its_folder(make_shown: MakeShown) -> None:
    shown = make_shown(problems=(Problem("/home/anna/scan.tif", "the file is damaged"),))
    record: dict[str, Any] = {**shown.record, "slices": []}
    assert verdict_title(record) == "Not analysed"
    assert verdict_text(record).endswith("scan.tif: the file is damaged.")
    assert "/home" not in verdict_text(record)


def test_force_and_review_are_told(make_shown: MakeShown) -> None:
    assert "needs review" in verdict_text(make_shown(review=True).record)
    assert "Judged by force" in verdict_text(make_shown(reason="contrast").record)


@pytest.mark.parametrize("verdict", ["tumour", "no tumour", "not assessable"])
@pytest.mark.parametrize("slices", [1, 6])
def test_nothing_sounds_like_a_diagnosis(make_shown: MakeShown, verdict: str, slices: int) -> None:
    told = " ".join(said(make_shown(verdict=verdict, slices=slices))).lower()
    assert not [one for one in DIAGNOSES if one in told]


def test_probabilities_never_sound_certain() -> None:
    assert [probability(one) for one in (0.0, 0.0004, 0.5, 0.9996, 1.0, None)] == [
        "below 0.001",
        "below 0.001",
        "0.500",
        "above 0.999",
        "above 0.999",
        "not judged",
    ]


def test_the_rule_says_how_many_neighbours_it_takes(make_shown: MakeShown) -> None:
    assert rule_text(make_shown(slices=6).record).startswith(
        "a slice is suspicious from a probability of 0.400 on, a volume where 2 neighbours are"
    )
    assert rule_text(make_shown(slices=1).record) == "a slice is suspicious from a probability of 0.400 on"


def test_names_are_made_readable() -> None:
    assert readable("a\u202egnp.exe\x1b[0m\n") == "a\ufffdgnp.exe\ufffd[0m\ufffd"
    assert readable("مريض 病人 Ünï\u200cx 👩\u200d⚕️") == "مريض 病人 Ünï\u200cx 👩\u200d⚕️"
    assert (plural(1, "slice"), plural(1234, "slice")) == ("1 slice", "1,234 slices")


@pytest.mark.parametrize(
    ("calibrated", "told"),
    [(True, "Probabilities are calibrated."), (False, "the network's own, not calibrated"), (None, "")],
)
def test_whether_probabilities_are_calibrated_is_told(calibrated: bool | None, told: str) -> None:
    bundle = {} if calibrated is None else {"calibrated": calibrated}
    text = calibration_text({"provenance": {"bundle": bundle}})
    assert told in text
    assert bool(text) == bool(told)
