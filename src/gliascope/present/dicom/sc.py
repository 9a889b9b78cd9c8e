"""Pictures of the outlined slices as secondary captures, for archives that show no segmentations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Finding
from gliascope.present.dicom.codes import LABEL, NOTICE
from gliascope.present.dicom.equipment import finish, heading, maker_of
from gliascope.present.dicom.seg import reference_item
from gliascope.present.dicom.source import Origin, blank_instance
from gliascope.present.dicom.uids import Uids

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SIDE: Final = 768
"""Rows and columns of the square that a slice is fitted into."""
FOOT: Final = 64
"""Rows below it for the caption and the notice."""
SIZE: Final = 20
"""Height of the font."""
MARGIN: Final = 8


def make_captures(
    finding: Finding, pixels: NDArray[Any], sequences: tuple[str, ...], origin: Origin, uids: Uids
) -> list[Dataset]:
    """Draw every slice that something is outlined on.

    Parameters
    ----------
    finding : Finding
    pixels : ndarray, shape (slice, row, column, channel)
        The axial slices: columns rise to the patient's left, rows to posterior.
    sequences : tuple of str
        The sequence of each channel.
    origin : Origin
    uids : Uids

    Returns
    -------
    list of Dataset
        One a slice, numbered from 1; none where nothing is outlined.
    """
    from gliascope.present.display import display_window, plane, shown_sequence

    places = [place for place, one in enumerate(finding.slices) if one.mask.any()]
    if not places:
        return []
    planes = [plane(one, sequences) for one in pixels]
    window = display_window(planes)
    title = shown_sequence(sequences).upper()
    made = []
    for number, place in enumerate(places, start=1):
        one = finding.slices[place]
        caption = f"{title}, slice {place + 1} of {len(planes)}: {LABEL}, probability {one.probability:.3f}"
        picture = _picture(planes[place], one.mask, window, caption)
        made.append(_capture(picture, finding, origin, uids, number))
    return made


def _picture(
    values: NDArray[Any], mask: NDArray[np.bool_], window: tuple[float, float], caption: str
) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw

    from gliascope.present.canvas import BACKGROUND, FAINT, INK, PREDICTION
    from gliascope.present.display import to_grey
    from gliascope.present.lettering import load_font
    from gliascope.present.overlay import fitted, grey_picture, outlined

    grey = to_grey(values, window)
    shown = outlined(grey_picture(grey, fitted(grey.shape, SIDE, SIDE)), mask, PREDICTION, width=2)
    sheet = Image.new("RGB", (SIDE, SIDE + FOOT), BACKGROUND)
    sheet.paste(Image.fromarray(shown), ((SIDE - shown.shape[1]) // 2, (SIDE - shown.shape[0]) // 2))
    draw, font = ImageDraw.Draw(sheet), load_font(SIZE, bold=False)
    for letter, place, anchor in (("R", MARGIN, "lm"), ("L", SIDE - MARGIN, "rm")):
        where = (place, SIDE // 2)
        draw.text(where, letter, font=font, fill=INK, anchor=anchor, stroke_width=2, stroke_fill=BACKGROUND)
    draw.text((MARGIN, SIDE + MARGIN), caption, font=font, fill=INK)
    draw.text((MARGIN, SIDE + MARGIN + SIZE + 6), f"gliascope. {NOTICE}", font=font, fill=FAINT)
    return np.asarray(sheet)


def _capture(picture: NDArray[np.uint8], finding: Finding, origin: Origin, uids: Uids, number: int) -> Dataset:
    import highdicom

    blank = blank_instance(origin.evidence[0], origin.study_uid)
    made = highdicom.sc.SCImage(
        pixel_array=picture,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        study_instance_uid=origin.study_uid,
        patient_id=blank.PatientID,
        patient_name=blank.PatientName,
        patient_birth_date=blank.PatientBirthDate,
        patient_sex=blank.PatientSex,
        **heading("sc", origin, uids, maker_of(finding).version, number),
    )
    for keyword in ("DateOfSecondaryCapture", "TimeOfSecondaryCapture"):  # when the program ran, which a repeat changes
        if keyword in made:
            delattr(made, keyword)
    made.BodyPartExamined = "BRAIN"
    made.ConversionType = "WSD"
    made.BurnedInAnnotation = "NO"
    made.ImageComments = NOTICE
    made.SourceImageSequence = [reference_item(one) for one in origin.evidence if one.series_uid == origin.series_uid]
    return finish(made, origin, uids)
