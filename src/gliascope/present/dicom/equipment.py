"""What made an object: gliascope, its networks and the thresholds they were used with."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gliascope.findings import Finding
from gliascope.present.dicom.source import Origin
from gliascope.present.dicom.uids import Uids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NAME: Final = "gliascope"
SERIAL: Final = "none"
"""A program has no serial number, and the standard wants one."""
SERIES_NUMBERS: Final = {"seg": 1, "sr": 2, "sc": 3}
"""Behind the source's series number: series 4 gets results 401, 402 and 403."""


@dataclass(frozen=True)
class Maker:
    """The program and the model behind a finding.

    Attributes
    ----------
    version : str
        gliascope's.
    parameters : mapping of str to str
        Bundle, its digest, and the operating point.
    """

    version: str
    parameters: dict[str, str]


def maker_of(finding: Finding) -> Maker:
    """Name what made a finding.

    Parameters
    ----------
    finding : Finding

    Returns
    -------
    Maker
    """
    made, point = finding.provenance, finding.operating_point
    engine = made["engine"]
    return Maker(
        str(made["gliascope"]),
        {
            "bundle": str(made["bundle"]["name"]),
            "bundle_sha256": str(made["bundle"]["sha256"]),
            "operating_point": point.name,
            "detection": f"{point.detection:g}",
            "mask": f"{point.mask:g}",
            "components": point.components,
            "run": str(point.run),
            "holes": point.holes,
            "precision": str(engine.get("precision") or "float32"),
        },
    )


def heading(kind: str, origin: Origin, uids: Uids, version: str, number: int = 1) -> dict[str, Any]:
    """Attributes of an object's series, instance and equipment, as highdicom's constructors take them.

    Parameters
    ----------
    kind : str
        ``seg``, ``sr`` or ``sc``.
    origin : Origin
    uids : Uids
    version : str
        gliascope's.
    number : int
        Of the instance in its series.

    Returns
    -------
    dict
    """
    described = {"seg": "outline", "sr": "measurements", "sc": "pictures"}[kind]
    return {
        "series_instance_uid": uids.series(kind),
        "series_number": origin.series_number * 100 + SERIES_NUMBERS[kind],
        "sop_instance_uid": uids.instance(kind, number),
        "instance_number": number,
        "manufacturer": NAME,
        "manufacturer_model_name": NAME,
        "software_versions": version,
        "device_serial_number": SERIAL,
        "content_date": origin.date,
        "content_time": origin.time,
        "series_description": None if origin.is_anonymous else f"gliascope {described}: research use only",
    }


def finish(made: Dataset, origin: Origin, uids: Uids) -> Dataset:
    """Give an object its patient and study, and take from it what would differ in a repeat.

    Parameters
    ----------
    made : Dataset
        As highdicom made it, of nobody; changed in place.
    origin : Origin
    uids : Uids

    Returns
    -------
    Dataset
        The same.
    """
    _without(made, "InstanceCreationDate", "InstanceCreationTime")
    for one in made.get("ContributingEquipmentSequence", []):
        _without(one, "ContributionDateTime", *(("ContributionDescription",) if origin.is_anonymous else ()))
    if "DimensionOrganizationSequence" in made:
        organisation = uids.other("dimensions")
        for one in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
            one.DimensionOrganizationUID = organisation
    for tag in origin.carried.keys():  # noqa: SIM118  iterating a data set would decode its values
        made[tag] = deepcopy(origin.carried.get_item(tag))
    return made


def _without(made: Dataset, *keywords: str) -> None:
    for keyword in keywords:
        if keyword in made:
            delattr(made, keyword)
