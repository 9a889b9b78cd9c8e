"""A small picture that stands for a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from gliascope.findings import Finding
from gliascope.present.canvas import PREDICTION
from gliascope.present.display import display_window, plane, to_grey
from gliascope.present.overlay import fitted, grey_picture, outlined
from gliascope.present.report.index_page import cover_slice
from gliascope.present.report.svg import jpeg
from gliascope.scan import Case

SIDE: Final = 128
QUALITY: Final = 80
WIDTH: Final = 1.6
"""Width of the outline, in pixels."""


def thumbnail(finding: Finding, case: Case, record: Mapping[str, Any]) -> bytes | None:
    """Draw the case's most telling slice on a black square.

    Parameters
    ----------
    finding : Finding
    case : Case
    record : mapping
        The finding's JSON form.

    Returns
    -------
    bytes or None
        A JPEG; None where every slice is blank.
    """
    cover = cover_slice(record)
    if cover is None:
        return None
    scan, place = [(scan, place) for scan in case.scans for place in range(len(scan))][cover]
    image = plane(scan.pixels[place], scan.sequences)
    size = fitted(image.shape, SIDE, SIDE)
    picture = grey_picture(to_grey(image, display_window([image])), size)
    mask = finding.slices[cover].mask
    if mask.any():
        picture = outlined(picture, mask, PREDICTION, width=WIDTH)
    square = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    top, left = (SIDE - size[1]) // 2, (SIDE - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = picture
    return jpeg(square, SIDE, QUALITY)
