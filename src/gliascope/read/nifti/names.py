"""What a volume holds, by its file's name: the sequence, the truth, or something that is not used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gliascope.scan import SEQUENCES, Sequence

SUFFIXES: Final = (".nii.gz", ".nii")

Role = Literal["pre", "flair", "post", "truth", "other", "unknown"]
"""``other`` is a sequence or mask that is known and not used, ``unknown`` a name that says nothing."""

_ROLES: Final[tuple[tuple[Role, str], ...]] = (
    ("truth", "seg mask dseg segmentation groundtruth"),
    ("flair", "flair t2f t2flair t2wflair flairt2 fla"),
    (
        "post",
        "t1c t1ce t1gd t1gad t1post t1contrast t1wce t1wc t1cw t1wgd t1wpost t1cpost t1km cet1 cet1w t1gadolinium",
    ),
    ("pre", "t1 t1n t1w t1pre t1native t1wpre t1wn"),
    ("other", "t2 t2w t2star adc dwi swi pd pdw dti fa asl cbv cbf bold tof t1map t2map brainmask betmask headmask"),
)
_WORDS: Final[dict[str, Role]] = {word: role for role, words in _ROLES for word in words.split()}
_NOT_TUMOUR: Final = frozenset({"brain", "bet", "head", "skull", "white", "hdbet"})
"""A mask of these is none of the tumour."""
_TUMOUR: Final = frozenset({"tumor", "tumour", "lesion", "glioma", "wt"})
"""What may stand before ``seg`` or ``mask`` and names no case."""
_CONTRAST: Final = re.compile(r"(^|_)ce-[^_]+_", re.IGNORECASE)
"""BIDS's entity for a contrast agent, as in ``sub-01_ce-gadolinium_T1w``."""


@dataclass(frozen=True)
class VolumeName:
    """A file's name, understood.

    Attributes
    ----------
    path : Path
    role : str
    prefix : str
        What comes before the part that names the role: the same for all files of one case; may be empty.
    """

    path: Path
    role: Role
    prefix: str

    @property
    def sequence(self) -> Sequence | None:
        """The sequence, where the role is one."""
        return next((one for one in SEQUENCES if one == self.role), None)


def is_volume_name(path: Path) -> bool:
    """Whether the name is that of a NIfTI file; hidden files are none."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def volume_stem(path: Path) -> str:
    """Give the name without ``.nii`` or ``.nii.gz``."""
    name = path.name
    return next((name[: -len(one)] for one in SUFFIXES if name.lower().endswith(one)), name)


def understand(path: Path) -> VolumeName:
    """Tell a volume's role by its name.

    The last word of the name that is known decides, words being parted by ``_``, ``-``, ``.`` or blanks; two words may
    make one, as in ``t1_post``. Letter case is of no account.

    Parameters
    ----------
    path : Path

    Returns
    -------
    VolumeName
    """
    stem = volume_stem(path)
    words = [(one.group().lower(), one.start()) for one in re.finditer(r"[^\s_.\-]+", stem)]
    for last in range(len(words) - 1, -1, -1):
        role, start = _role(words, last)
        if role is None:
            continue
        if role == "truth" and last and words[last - 1][0] in _NOT_TUMOUR:
            return VolumeName(path, "other", _prefix(stem, words[last - 1][1]))
        if role == "truth":
            before = words[last - 1] if last else ("", 0)
            return VolumeName(path, role, _of_what(path, stem[: before[1] if before[0] in _TUMOUR else start]))
        if role == "pre" and (entity := _CONTRAST.search(stem)):
            return VolumeName(path, "post", _prefix(stem, entity.start()))
        return VolumeName(path, role, _prefix(stem, start))
    return VolumeName(path, "unknown", stem)


def _role(words: list[tuple[str, int]], last: int) -> tuple[Role | None, int]:
    """Role of the two words that end at `last`, else of the last alone, and where it begins."""
    word, start = words[last]
    if last and (role := _WORDS.get(words[last - 1][0] + word)) is not None:
        return role, words[last - 1][1]
    return _WORDS.get(word), start


def _prefix(stem: str, end: int) -> str:
    return stem[:end].rstrip(" _.-")


def _of_what(path: Path, rest: str) -> str:
    """Prefix of the case that a truth belongs to: ``x_seg`` and ``x_flair_seg`` both belong to ``x``."""
    rest = rest.rstrip(" _.-")
    inner = understand(path.with_name(f"{rest}.nii")) if rest else None
    return rest if inner is None or inner.sequence is None else inner.prefix
