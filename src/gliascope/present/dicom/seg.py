"""The outline as a DICOM segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.findings import Finding
from gliascope.geometry import Grid, shear
from gliascope.present.dicom.codes import LABEL, NOTICE
from gliascope.present.dicom.equipment import NAME, Maker, finish, heading, maker_of
from gliascope.present.dicom.source import Origin, Reference
from gliascope.present.dicom.uids import Uids

if TYPE_CHECKING:
    from highdicom.seg import SegmentDescription
    from pydicom.dataset import Dataset

SegType = Literal["binary", "fractional"]

MAX_SHEAR: Final = 0.1
"""Most degrees by which a grid's axes may miss a right angle: readers stack frames along their normal."""
STEPS: Final = 255
"""Value of a fractional segmentation that stands for a probability of 1."""
COLOUR: Final = (213, 94, 0)
"""Recommended for display, red, green and blue: vermilion, which the colour-blind can tell from grey."""


def make_seg(finding: Finding, grid: Grid, origin: Origin, uids: Uids, kind: SegType = "binary") -> Dataset | None:
    """Make a segmentation of one segment over the source series.

    Parameters
    ----------
    finding : Finding
        With a `gliascope.findings.VolumeFinding`.
    grid : Grid
        The volume's own.
    origin : Origin
    uids : Uids
    kind : str
        ``binary``: the outline; ``fractional``: the pixels' probabilities, in steps of 1 / `STEPS`.

    Returns
    -------
    Dataset or None
        None where no tumour was found, or nothing is inside: a segmentation without a segment is not valid.

    Raises
    ------
    InputError
        If the grid is sheared, the source states no frame of reference, or probabilities are asked for and were not
        kept.
    """
    if finding.verdict != "tumour":
        return None
    frames = _frames(finding, kind)
    if not frames.any():
        return None
    _check(grid, origin)
    import highdicom

    maker = maker_of(finding)
    made = highdicom.seg.Segmentation(
        source_images=origin.planes,
        pixel_array=frames.astype(np.float32) / STEPS if kind == "fractional" else frames,
        segmentation_type=kind.upper(),
        segment_descriptions=[_segment(maker, uids)],
        content_label="GLIASCOPE",
        content_description=NOTICE,
        **heading("seg", origin, uids, maker.version),
    )
    made.ContentCreatorName = ""  # a person's, and none made it
    _refer(made, origin)
    return finish(made, origin, uids)


def _segment(maker: Maker, uids: Uids) -> SegmentDescription:
    """Say what the one segment is of, and who outlined it."""
    import highdicom
    from highdicom.color import CIELabColor
    from pydicom.sr.codedict import codes

    return highdicom.seg.SegmentDescription(
        segment_number=1,
        segment_label=LABEL,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type="AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=NAME,
            family=codes.cid7162.ArtificialIntelligence,
            version=maker.version,
            source=NAME,
            parameters=maker.parameters,
        ),
        tracking_id=LABEL,
        tracking_uid=uids.other("tracking"),
        anatomic_regions=[codes.SCT.Brain],
        display_color=CIELabColor.from_rgb(*COLOUR),
    )


def _check(grid: Grid, origin: Origin) -> None:
    leaning = shear(grid.affine)
    if leaning > MAX_SHEAR:
        raise InputError(
            f"a DICOM segmentation must have axes at right angles within {MAX_SHEAR:g} degrees, "
            f"received {leaning:.2f} degrees of shear"
        )
    if "FrameOfReferenceUID" not in origin.planes[0]:
        raise InputError("a DICOM segmentation must have its source's frame of reference, received a series without")


def _frames(finding: Finding, kind: SegType) -> NDArray[np.uint8]:
    """Stack what is inside as (slice, row, column)."""
    assert finding.volume is not None
    values: NDArray[Any] = finding.volume.mask
    if kind == "fractional":
        if finding.volume.mask_probability is None:
            raise InputError("a fractional segmentation must have the pixels' probabilities, which were not kept")
        values = np.rint(finding.volume.mask_probability * STEPS)
    return np.ascontiguousarray(values.transpose(2, 1, 0).astype(np.uint8))


def _refer(made: Dataset, origin: Origin) -> None:
    """Put references to instances, and to frames of theirs, in the place of those to planes."""
    for group in made.PerFrameFunctionalGroupsSequence:
        for derivation in group.DerivationImageSequence:
            for item in derivation.SourceImageSequence:
                found = origin.references[str(item.ReferencedSOPInstanceUID)]
                item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = found.class_uid, found.instance_uid
                if found.frame is not None:
                    item.ReferencedFrameNumber = found.frame
    own = [one for one in origin.evidence if one.series_uid == origin.series_uid]
    made.SourceImageSequence = [reference_item(one) for one in own]
    made.ReferencedSeriesSequence[0].ReferencedInstanceSequence = [reference_item(one) for one in own]


def reference_item(reference: Reference) -> Dataset:
    """Name an instance as sequences of references do."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = reference.class_uid
    item.ReferencedSOPInstanceUID = reference.instance_uid
    return item
