"""The JSON form of an evaluation, ``evaluation.json``: written, read and checked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from gliascope.dataset.members import BY_SLICE
from gliascope.errors import InputError
from gliascope.evaluate.record_parts import (
    BootstrapRecord,
    BundleRecord,
    ConfusionRecord,
    CurvesRecord,
    DataRecord,
    FigureRecord,
    GroupRecord,
    ModelRecord,
    Part,
    PatientRecord,
    PointRecord,
    PointResultRecord,
    ReliabilityRecord,
    SplitRecord,
    UncertaintyRecord,
)

SCHEMA: Final = "gliascope.evaluation/2"
"""Name and version of ``evaluation.json``; the number rises when a key changes its meaning or goes."""

Sample = Literal["unseen", "in-sample", "phantom", "leaky"]
"""What kind of images was scored; only ``unseen`` ones are evidence of accuracy."""

NO_EVIDENCE: Final[dict[Sample, str]] = {
    "in-sample": "In-sample: the model was trained or chosen on images that are scored here.",
    "phantom": "Phantom: images that are scored here were drawn by a program.",
    "leaky": "Leaky: the split is by slice, and its training side has other slices of the patients scored here.",
}
"""What is stamped on results that are no evidence of accuracy."""


_HINTS: Final = {
    "gliascope.evaluation/1": "; an earlier gliascope wrote it: run `gliascope evaluate` again",
}


FLIPS: Final = "flips"
"""In `EvaluationRecord.provenance`: true where slices were run mirrored as well."""

LONE: Final = "lone_slices"
"""In `EvaluationRecord.provenance`: true where every slice was analysed as a lone image."""


class EvaluationRecord(Part):
    """Everything that ``evaluation.json`` says."""

    sample: Sample
    """`unseen`; or `in-sample` where the model was trained or chosen on any of the images, `phantom` where any of them
    was drawn by a program, `leaky` where the split is by slice: no evidence of accuracy then."""
    data: DataRecord
    split: SplitRecord
    models: list[ModelRecord] = Field(min_length=1)
    """One, or one a fold."""
    provenance: dict[str, Any]
    """Versions (gliascope, Python, engine) and device; `flips` and `lone_slices` where they are true."""
    bootstrap: BootstrapRecord
    figures: dict[str, FigureRecord]
    """The headline figures, by name."""
    confusion: ConfusionRecord
    curves: CurvesRecord
    groups: list[GroupRecord]
    """Figures of some of the patients: by institution, by tumour size, by missing sequence."""
    patients: list[PatientRecord] = Field(min_length=1)
    """One entry a patient, by name."""
    worst: list[str]
    """The patients with the lowest Dice, lowest first; ten at most."""
    reliability: ReliabilityRecord | None = None
    """The reliability diagram; null in older evaluations."""
    operating_results: list[PointResultRecord] = Field(default_factory=list)
    """Every operating point, the one in use first; empty in older evaluations."""
    uncertainty: UncertaintyRecord | None = None
    """Intervals and flags, each by a rule fitted on other volumes; null with few of them and in older evaluations."""

    @property
    def bundle(self) -> BundleRecord:
        """The only model's bundle.

        Raises
        ------
        InputError
            If there are several: a cross-validation's figures belong to no one bundle.
        """
        return self._only_model().bundle

    @property
    def operating_point(self) -> PointRecord:
        """The only model's thresholds.

        Raises
        ------
        InputError
            If there are several models.
        """
        return self._only_model().operating_point

    def _only_model(self) -> ModelRecord:
        if len(self.models) != 1:
            raise InputError(f"the evaluation must be of one model to be asked for it, received {len(self.models)}")
        return self.models[0]

    @property
    def stamp(self) -> str | None:
        """What must be read before the figures; None where they are evidence of accuracy."""
        kinds = [self.sample]
        if self.split.strategy == BY_SLICE and self.sample != "leaky":
            kinds.append("leaky")  # a split by slice is told whatever else the images are
        said = [NO_EVIDENCE[one] for one in kinds if one in NO_EVIDENCE]
        return " ".join([*said, "The figures are no evidence of accuracy."]) if said else None

    def values(self) -> dict[str, Any]:
        """JSON values, the schema first."""
        return {"schema": SCHEMA, **self.model_dump(mode="json")}

    def text(self) -> str:
        """JSON text: the same evaluation gives the same bytes."""
        return json.dumps(self.values(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def load_record(path: str | Path) -> EvaluationRecord:
    """Read an ``evaluation.json``.

    Raises
    ------
    InputError
        If it is no JSON, of another or a later schema, or a key is missing or has an impossible value.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: an evaluation must be a JSON file, received {error}") from error
    return parse_record(values, str(path))


def parse_record(values: Any, origin: str) -> EvaluationRecord:
    """Check the JSON values of an evaluation; `origin` names them in error messages.

    Raises
    ------
    InputError
        If they are of another or a later schema, or a key is missing or has an impossible value.
    """
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        hint = _HINTS.get(str(schema), "")
        if not hint and re.fullmatch(r"gliascope\.evaluation/\d+", str(schema)):
            hint = "; a later gliascope wrote it: upgrade to read it"
        raise InputError(f"{origin}: schema must be {SCHEMA!r}, received {schema!r}{hint}")
    try:
        return EvaluationRecord.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InputError(f"{origin}: {faults}") from error
