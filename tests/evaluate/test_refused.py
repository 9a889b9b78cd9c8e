"""A patient who is refused is counted like any other: as one whose tumour was missed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gliascope.bundle import Bundle
from gliascope.dataset.split import Split
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser


def test_refused_patients_are_missed_ones(
    data: Path,
    split: Split,
    bundle: Bundle,
    make_bundle: Callable[..., Bundle],
    make_analyser: Callable[[Bundle], Analyser],
) -> None:
    checking = make_bundle("checking", recipe=bundle.recipe.model_copy(update={"assess": True}))
    made = evaluate_side(data, split, make_analyser(checking))
    slices = [one for patient in made.patients for one in patient.slices]
    assert {one.verdict for one in slices} == {"not assessable"}, "noise up to the border shows no head"
    assert [one.dice for one in made.patients] == [0, 0]
    assert made.record.data.not_assessable == len(slices) == 6
    figures = {name: one.value for name, one in made.record.figures.items()}
    assert figures["dice_mean"] == 0
    assert figures["sensitivity"] == 0
    assert figures["specificity"] == 1
    assert figures["missed_slices"] == sum(one.tumour for one in slices)
