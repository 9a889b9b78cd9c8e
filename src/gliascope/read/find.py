"""Which cases the user means: from files and folders to lists of files, before anything is decoded."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.errors import InputError
from gliascope.read.dicom.files import Place
from gliascope.read.dicom.search import Gathered, is_archive_name, is_dicom_file, is_directory_name
from gliascope.read.folders import case_name
from gliascope.read.names import name_apart, natural_key, safe_name
from gliascope.read.nifti.group import VolumeGroup, group_volumes, lone_volume
from gliascope.read.nifti.names import SUFFIXES as VOLUME_SUFFIXES
from gliascope.read.nifti.names import is_volume_name, understand
from gliascope.read.raster import SUFFIXES, is_image_name
from gliascope.read.truth import is_mask_name, mask_target
from gliascope.scan import Problem
from gliascope.scan import Sequence as Contrast

if TYPE_CHECKING:  # only where there is DICOM to be planned
    from gliascope.read.dicom.cases import Found
    from gliascope.read.dicom.plan import Plan

RESULT_MARKS: Final = (frozenset({"findings.json"}), frozenset({"cases.csv", "slices.csv"}))
"""A folder that holds all files of one of these sets is a result of an earlier run, not an input."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaseFiles:
    """One case before it is read.

    Attributes
    ----------
    name : str
        Different from every other case's of the run, whatever the letter case; safe as a folder's name.
    path : Path
        The file or folder as the user gave it.
    images : tuple of Path
        In natural order; none where the folder holds no image.
    masks : tuple of Path
        True outlines found beside the images.
    is_folder : bool
        True for a patient's folder, False for an image named on its own.
    problems : tuple of Problem
        Why there are no images.
    warnings : tuple of str
        Names that occur twice, and names that say no sequence.
    sequences : tuple of str
        Where the images are NIfTI volumes: the sequence of each. Empty where each image is a slice or a stack of them.
    study : Plan or None
        Where the case is a DICOM study: which of its series are used. `images` is empty then.
    truths : tuple of str
        Names of a volume's truths that fit; the first of several is taken.
    others : tuple of str
        Names of volumes in the same folder that are no sequence of ours.
    is_bare : bool
        True where nothing was found that could have been a case.
    """

    name: str
    path: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...] = ()
    is_folder: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    sequences: tuple[Contrast, ...] = ()
    study: Plan | None = None
    truths: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_bare: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user is to know of the choice of files."""
        several = (f"several truths: {', '.join(self.truths)}; {self.truths[0]} is taken",) if self.truths[1:] else ()
        unused = (f"not used: {', '.join(self.others)}",) if self.others else ()
        return (*self.warnings, *several, *unused)


def find_cases(inputs: str | Path | Sequence[str | Path], series: Sequence[str] = ()) -> list[CaseFiles]:
    """Find every case that files and folders hold; no pixel is decoded.

    Parameters
    ----------
    inputs : path or sequence of paths
        Image files (each its own case), folders with images (one case) and folders of such folders
        (one case for each, at any depth). NIfTI files of a folder are put together as
        `gliascope.read.nifti.group.group_volumes` says. DICOM files of all inputs together, and of zip archives that
        are named, are put together by study. A path reached twice is one case; hidden files and folders, and results
        of earlier runs, are passed over.
    series : sequence of str
        DICOM series that the user names, see `gliascope.read.dicom.plan.parse_named`.

    Returns
    -------
    list of CaseFiles
        In the order of the inputs, then in natural order of the paths; DICOM studies behind all others.

    Raises
    ------
    InputError
        If there is no input, a path does not exist, a ``*_mask.*`` file is named as input, or a series is named that
        is not there.
    """
    named = _named(series)
    paths = [Path(one) for one in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    if not paths:
        raise InputError("at least one image or folder must be given, received none")
    for path in paths:
        _check_argument(path)
    beside: dict[Path, dict[str, list[Path]]] = {}
    found: dict[tuple[Path, ...], CaseFiles] = {}
    dicom = Gathered()
    for path in paths:
        for case in _folder(path, dicom) if path.is_dir() else _single(path, beside, dicom):
            first = found.setdefault(_identity(case), case)
            if first is not case:
                _logger.warning("%s: named twice, read once", case.path)
    return _all_different([*found.values(), *_study_cases(dicom, named)])


def _named(series: Sequence[str]) -> dict[str, Contrast]:
    if not series:
        return {}
    from gliascope.read.dicom.plan import parse_named

    return dict(parse_named(series))


def _study_cases(dicom: Gathered, named: Mapping[str, Contrast]) -> list[CaseFiles]:
    if not (dicom.places or dicom.problems or named):
        return []
    from gliascope.read.dicom.cases import find_studies

    return [_case_of_study(one) for one in find_studies(dicom, named)]


def gather_dicom(inputs: Sequence[Path]) -> Gathered:
    """Find the DICOM files that files, folders and archives hold, and nothing else.

    Raises
    ------
    InputError
        If there is no input, or a path does not exist.
    """
    if not inputs:
        raise InputError("at least one DICOM file, folder or archive must be given, received none")
    dicom = Gathered()
    for path in inputs:
        _check_argument(path)
        if path.is_dir():
            for _ in _walk(path, frozenset(), path, dicom):
                pass
        else:
            _single(path, {}, dicom)
    return dicom


def case_of_volumes(files: Mapping[Contrast, Path]) -> CaseFiles:
    """Make a case of NIfTI files whose sequences the user names.

    Parameters
    ----------
    files : mapping of str to Path
        File of each sequence.

    Returns
    -------
    CaseFiles
        Named by what comes before the sequence in the name of the first file, else after its folder. A truth
        beside it is found by its name.

    Raises
    ------
    InputError
        If nothing is given, or a path is no NIfTI file that exists.
    """
    if not files:
        raise InputError("at least one volume must be given, received none")
    for one in files.values():
        if not one.is_file() or not is_volume_name(one):
            raise InputError(f"{one}: a volume must be a NIfTI file that exists ({' or '.join(VOLUME_SUFFIXES)})")
    first = files.get("flair") or next(iter(files.values()))
    group = lone_volume(first, _volumes(_entries(first.parent)))
    group.files, group.warnings, group.truths = dict(files), [], []
    return _case_of_group(group, first, first.parent)


def _identity(case: CaseFiles) -> tuple[Path, ...]:
    """What tells two cases apart: their files, and but for volumes the folder or image that was met."""
    files = tuple(one.resolve() for one in case.images)
    return files if case.sequences else (case.path.resolve(), *files)


def _check_argument(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: an input must exist, received a path that does not")
    if not (path.is_dir() or path.is_file()):
        raise InputError(f"{path}: an input must be a file or a folder, received neither")
    if path.is_file() and (is_mask_name(path) or (is_volume_name(path) and understand(path).role == "truth")):
        raise InputError(f"{path}: a file named *_mask.* or *_seg.nii is truth and cannot be an input")


def _single(path: Path, beside: dict[Path, dict[str, list[Path]]], dicom: Gathered) -> list[CaseFiles]:
    if is_archive_name(path):
        dicom.add_archive(path)
        return []
    if is_directory_name(path):
        list(_walk(path.parent, frozenset(), path.parent, dicom))
        return []
    if is_volume_name(path):
        return [_case_of_group(lone_volume(path, _volumes(_entries(path.parent))), path, path.parent)]
    if not is_image_name(path) and is_dicom_file(path):
        dicom.add([Place(path)], path)
        return []
    if path.parent not in beside:
        masks: dict[str, list[Path]] = {}
        for one in _entries(path.parent):
            if is_mask_name(one) and one.is_file():
                masks.setdefault(mask_target(one), []).append(one)
        beside[path.parent] = masks
    return [CaseFiles(safe_name(path.stem), path, (path,), tuple(beside[path.parent].get(path.stem, ())))]


def _folder(path: Path, dicom: Gathered) -> list[CaseFiles]:
    before = dicom.count
    cases = list(_walk(path, frozenset(), path, dicom))
    if cases or dicom.count > before:
        return cases
    return [_without_images(path, "received the results of an earlier run")]


def _walk(folder: Path, above: frozenset[Path], root: Path, dicom: Gathered) -> Iterator[CaseFiles]:
    """Cases of a folder and of those below; `above` are the folders passed, so that a link back ends the way.

    DICOM files are gathered, since those of one study may lie in many folders.
    """
    real = folder.resolve()
    if real in above:
        return
    try:
        entries = _entries(folder)
    except OSError as error:
        yield _without_images(folder, f"received a folder that cannot be opened: {error.strerror}")
        return
    names = {one.name for one in entries}
    if any(mark <= names for mark in RESULT_MARKS):
        return
    files = [one for one in entries if is_image_name(one) and one.is_file()]
    images = tuple(one for one in files if not is_mask_name(one))
    folders = [one for one in entries if one.is_dir()]
    name = safe_name(case_name(folder))
    volumes = list(_volume_cases(folder, name, _volumes(entries)))
    yield from volumes
    unused = () if volumes else tuple(one.name for one in _volumes(entries))
    places = [Place(one) for one in entries if _is_other_file(one) and is_dicom_file(one)]
    dicom.add(places, root)
    below = [case for one in folders for case in _walk(one, above | {real}, root, dicom)]
    if images:
        masks = tuple(one for one in files if is_mask_name(one))
        same = _same_stems(images)
        yield CaseFiles(name, folder, images, masks, is_folder=True, warnings=same, others=unused)
    elif unused:
        yield CaseFiles(name, folder, (), is_folder=True, problems=(_no_flair(folder, unused),))
    elif not (folders or volumes or places):
        yield _without_images(folder, _what_else(entries), is_bare=True)
    is_whole = bool(images or volumes or unused) and not any(case.images for case in below)
    yield from (case for case in below if not (is_whole and case.is_bare))


def _is_other_file(path: Path) -> bool:
    return not is_image_name(path) and not is_volume_name(path) and not is_archive_name(path) and path.is_file()


def _case_of_study(found: Found) -> CaseFiles:
    """Make the case of a study, named by its Study Instance UID: names of folders often are the patient's."""
    root = found.root
    name = safe_name(case_name(root)) if found.plan is None else found.plan.study.uid
    return CaseFiles(name, root, (), is_folder=root.is_dir(), problems=found.problems, study=found.plan)


def _volumes(entries: list[Path]) -> list[Path]:
    return [one for one in entries if is_volume_name(one) and one.is_file()]


def _volume_cases(folder: Path, name: str, paths: list[Path]) -> Iterator[CaseFiles]:
    """Cases of the NIfTI files directly in a folder; a case that has them all is named after the folder."""
    groups = group_volumes(paths)
    for group in groups:
        yield replace(_case_of_group(group, folder, folder, name if len(groups) == 1 else ""), is_folder=True)


def _case_of_group(group: VolumeGroup, path: Path, folder: Path, name: str = "") -> CaseFiles:
    named = name or group.prefix or case_name(folder)
    return CaseFiles(
        safe_name(named),
        path,
        group.images,
        (group.truth,) if group.truth is not None else (),
        warnings=tuple(group.warnings),
        sequences=group.sequences,
        truths=tuple(group.truths),
        others=tuple(group.others),
    )


def _entries(folder: Path) -> list[Path]:
    entries = (one for one in folder.iterdir() if not one.name.startswith("."))
    return sorted(entries, key=lambda one: natural_key(one.name))


def _no_flair(folder: Path, names: tuple[str, ...]) -> Problem:
    return Problem(str(folder), f"a case must have FLAIR (or T1), received {', '.join(names[:4])}: no FLAIR")


def _without_images(folder: Path, received: str, *, is_bare: bool = False) -> CaseFiles:
    problem = Problem(
        str(folder), f"a folder must hold images ({', '.join((*SUFFIXES, *VOLUME_SUFFIXES))}) or DICOM, {received}"
    )
    return CaseFiles(safe_name(case_name(folder)), folder, (), is_folder=True, problems=(problem,), is_bare=is_bare)


def _what_else(entries: list[Path]) -> str:
    others = [one.name for one in entries if one.is_file()]
    return f"received {len(others)} other files, as {others[0]}" if others else "received none"


def _same_stems(images: tuple[Path, ...]) -> tuple[str, ...]:
    stems = Counter(one.stem for one in images)
    return tuple(
        "several images have one name: " + ", ".join(one.name for one in images if one.stem == stem)
        for stem, count in stems.items()
        if count > 1
    )


def _all_different(cases: list[CaseFiles]) -> list[CaseFiles]:
    names = name_apart([case.name for case in cases])
    return [
        case
        if name == case.name
        else replace(
            case,
            name=name,
            warnings=(*case.warnings, f"another input is named {case.name} too; {case.path} is called {name}"),
        )
        for case, name in zip(cases, names, strict=True)
    ]
