"""What is said about a case as a DICOM structured report: a Measurement Report (TID 1500)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gliascope.findings import REASONS, Finding
from gliascope.present.dicom.codes import LABEL, SCHEME, SCHEME_NAME, VERDICTS, own, reason_code
from gliascope.present.dicom.equipment import NAME, SERIAL, Maker, finish, heading, maker_of
from gliascope.present.dicom.measures import measured
from gliascope.present.dicom.source import Origin, Reference, blank_instance
from gliascope.present.dicom.uids import Uids, uid_of

if TYPE_CHECKING:
    from highdicom.sr import (
        FindingSite,
        MeasurementReport,
        QualitativeEvaluation,
        SourceImageForMeasurementGroup,
        TextContentItem,
    )
    from pydicom.dataset import Dataset

SIDES: Final = {"left": "Left", "right": "Right", "crossing the midline": "RightAndLeft"}
"""SNOMED's names of the sides, as pydicom spells them."""


def make_sr(finding: Finding, origin: Origin, uids: Uids, seg: Dataset | None = None) -> Dataset:
    """Make the report of a case, whatever its verdict.

    Parameters
    ----------
    finding : Finding
    origin : Origin
    uids : Uids
    seg : Dataset, optional
        The segmentation that the measurements are of; without it they refer to the source images.

    Returns
    -------
    Dataset
        A Comprehensive SR document.
    """
    import highdicom
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    maker = maker_of(finding)
    named = uids if seg is None else Uids(f"{uids.key} over {seg.SOPInstanceUID}")  # another content, another name
    made = highdicom.sr.ComprehensiveSR(
        evidence=_evidence(origin, seg),
        content=_report(finding, origin, uids, maker, seg),
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[
            CodingSchemeIdentificationItem(
                designator=SCHEME, name=SCHEME_NAME, responsible_organization="The gliascope contributors"
            )
        ],
        **heading("sr", origin, named, maker.version),
    )
    return finish(made, origin, uids)


def _evidence(origin: Origin, seg: Dataset | None) -> list[Dataset]:
    """Name what the report rests on: the segmentation, and every image that was read."""
    images = [blank_instance(one, origin.study_uid) for one in origin.evidence]
    if seg is None:
        return images
    made = Reference(str(seg.SOPClassUID), str(seg.SOPInstanceUID), str(seg.SeriesInstanceUID))
    return [blank_instance(made, origin.study_uid), *images]


def _report(finding: Finding, origin: Origin, uids: Uids, maker: Maker, seg: Dataset | None) -> MeasurementReport:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=uid_of("device", NAME, maker.version),
            name=NAME,
            manufacturer_name=NAME,
            model_name=NAME,
            serial_number=SERIAL,
        ),
    )
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.LN.MRIUnspecifiedBodyRegion,
        imaging_measurements=[_group(finding, origin, uids, maker, seg)],
        title=codes.DCM.ImagingMeasurementReport,
    )


def _group(finding: Finding, origin: Origin, uids: Uids, maker: Maker, seg: Dataset | None) -> Any:
    """Say everything in one group: of the segment, or of the images where there is none (TID 1411, TID 1501)."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    values: dict[str, Any] = {
        "tracking_identifier": sr.TrackingIdentifier(uid=uids.other("tracking"), identifier=LABEL),
        "finding_type": codes.SCT.Lesion if finding.verdict == "tumour" else None,
        "finding_sites": [_site(finding)],
        "algorithm_id": sr.AlgorithmIdentification(
            name=NAME,
            version=maker.version,
            parameters=[f"{key}={value}" for key, value in maker.parameters.items()],
            family=codes.cid7162.ArtificialIntelligence,
        ),
        "measurements": measured(finding),
        "qualitative_evaluations": _evaluations(finding),
    }
    group: Any
    if seg is None:
        images = [_source(one) for one in _own(origin)]
        group = sr.MeasurementsAndQualitativeEvaluations(source_images=images, **values)
    else:
        segment = sr.ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=1,
            source_series=sr.SourceSeriesForSegmentation(origin.series_uid),
        )
        group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **values)
    group[0].ContentSequence.extend(_comments(finding))
    return group


def _own(origin: Origin) -> list[Reference]:
    return [one for one in origin.evidence if one.series_uid == origin.series_uid]


def _source(reference: Reference) -> SourceImageForMeasurementGroup:
    from highdicom import sr

    return sr.SourceImageForMeasurementGroup(reference.class_uid, reference.instance_uid)


def _site(finding: Finding) -> FindingSite:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    found = None if finding.volume is None else finding.volume.measurement
    side = None if found is None or found.side is None else getattr(codes.SCT, SIDES[found.side])
    return sr.FindingSite(anatomic_location=codes.SCT.Brain, laterality=side)


def _evaluations(finding: Finding) -> list[QualitativeEvaluation]:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    said = [
        (own("verdict"), own(VERDICTS[finding.verdict])),
        (own("intended-use"), own("research-use")),
    ]
    if finding.reason is not None:
        said.append((own("reason"), reason_code(finding.reason)))
    if finding.uncertainty is not None:
        said.append((own("review"), codes.SCT.Yes if finding.uncertainty.needs_review else codes.SCT.No))
    return [sr.QualitativeEvaluation(name=name, value=value) for name, value in said]


def _comments(finding: Finding) -> list[TextContentItem]:
    """The reason in full, and what the reader should know; warnings may name files and stay out."""
    from highdicom import sr
    from pydicom.sr.codedict import codes

    texts = ["Research software, for research use only. Not for diagnosis or treatment."]
    if finding.reason is not None:
        texts.append(REASONS[finding.reason])
    return [sr.TextContentItem(codes.DCM.Comment, text, relationship_type="CONTAINS") for text in texts]
