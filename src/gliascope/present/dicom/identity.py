"""Whose object it is: patient and study as the source states them, or somebody who cannot be found."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

BLANK: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Attributes that every object has, empty where nothing is known (type 2)."""
CARRIED: Final = (
    *BLANK,
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    # patient module
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "TypeOfPatientID",
    "OtherPatientIDsSequence",
    "PatientBirthTime",
    "OtherPatientNames",
    "EthnicGroup",
    "PatientComments",
    "QualityControlSubject",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    # clinical trial subject and study modules
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "ClinicalTrialTimePointID",
    "ClinicalTrialTimePointDescription",
    # general study module
    "StudyDescription",
    "IssuerOfAccessionNumberSequence",
    "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy",
    "ReferencedStudySequence",
    "ProcedureCodeSequence",
    # patient study module
    "AdmittingDiagnosesDescription",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "Occupation",
    "AdditionalPatientHistory",
    "AdmissionID",
    "PatientState",
)
"""Attributes of the patient, the study and a clinical trial that an object shares with its source (PS3.3, A.1.2)."""
NUMBERS: Final = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "AT", "OB", "OW", "UN"})
"""Kinds of values whose bytes depend on their order."""
NO_DATE: Final = ("19000101", "000000")
"""Stands where the standard wants a date and a time, and none is known or none may be told."""


def carried_from(source: Dataset) -> Dataset:
    """Take an object's patient and study from its source, byte for byte as they are stored there.

    Nothing is decoded: a name in any character set stays as it is, a value that breaks its rules is neither repaired
    nor told to anybody.

    Parameters
    ----------
    source : Dataset of pydicom's

    Returns
    -------
    Dataset of pydicom's
        The attributes of `CARRIED` that the source has, and those of `BLANK` in any case.
    """
    from pydicom.dataset import Dataset

    carried = Dataset()
    for keyword in BLANK:
        setattr(carried, keyword, "")
    for keyword in CARRIED:
        _carry(source, carried, keyword)
    return carried


def _carry(source: Dataset, carried: Dataset, keyword: str) -> None:
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    tag = Tag(tag_for_keyword(keyword) or 0)
    if tag not in source:
        return
    element = source.get_item(tag)
    kind = dictionary_VR(tag)
    if kind == "SQ":
        carried[tag] = source[tag]
    elif not isinstance(element, RawDataElement):
        carried[tag] = element
    elif element.VR in (None, "UN", kind) and kind not in NUMBERS:
        value = bytes(element.value or b"")
        carried[tag] = element._replace(VR=kind, value=value + b" " * (len(value) % 2), is_little_endian=True)


def stand_in(told: str) -> str:
    """Name that stands for a patient: a digest of the Study Instance UID, or of what else there is to tell a case."""
    return "ANON-" + hashlib.sha256(f"gliascope anonymised {told}".encode()).hexdigest()[:12].upper()


def anonymous(study_uid: str) -> Dataset:
    """Make the patient and the study of an object whose patient may not be told (PS3.15, table E.1-1, basic profile).

    Parameters
    ----------
    study_uid : str
        The source's Study Instance UID: results of one study get the same stand-in for a name.

    Returns
    -------
    Dataset of pydicom's
    """
    from pydicom.dataset import Dataset
    from pydicom.sr.codedict import codes

    carried = Dataset()
    for keyword in BLANK:
        setattr(carried, keyword, "")
    name = stand_in(study_uid)
    carried.PatientName = f"{name}^Anonymous"
    carried.PatientID = name
    carried.PatientIdentityRemoved = "YES"
    carried.DeidentificationMethod = "gliascope: nothing of the source's patient or study is written"
    code = codes.DCM.BasicApplicationConfidentialityProfile
    method = Dataset()
    method.CodeValue, method.CodingSchemeDesignator, method.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    carried.DeidentificationMethodCodeSequence = [method]
    carried.LongitudinalTemporalInformationModified = "REMOVED"
    return carried


def moment_of(source: Dataset) -> tuple[str, str]:
    """Date and time that an object is given: those of its source, so that a repeat gives the same object.

    Parameters
    ----------
    source : Dataset of pydicom's

    Returns
    -------
    tuple of str
        Of the series, the acquisition, the content or the study, whichever is stated first; else `NO_DATE`.
    """
    for part in ("Series", "Acquisition", "Content", "Study"):
        date = _text(source, f"{part}Date")
        if _is_date(date):
            time = _text(source, f"{part}Time")
            return date, time if re.fullmatch(r"([01]\d|2[0-3])[0-5]\d[0-5]\d(\.\d{1,6})?", time) else NO_DATE[1]
    return NO_DATE


def _is_date(text: str) -> bool:
    try:
        dt.datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007  a date alone has no zone
    except ValueError:
        return False
    return len(text) == 8


def _text(source: Dataset, keyword: str) -> str:
    """The bytes of a value that has no character set, as text; empty where it is missing."""
    from pydicom.datadict import tag_for_keyword
    from pydicom.tag import Tag

    tag = Tag(tag_for_keyword(keyword) or 0)
    value = source.get_item(tag).value if tag in source else ""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")
