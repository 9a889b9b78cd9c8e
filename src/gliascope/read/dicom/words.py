"""What a description says: words of technologists and vendors, in several languages."""

from __future__ import annotations

import re
from typing import Final, Literal

Said = Literal["flair", "t1", "other"]
Agent = Literal["with", "without", "unclear"]


def _any_of(words: str) -> re.Pattern[str]:
    """Match one of several words: ``~`` stands for a blank or none, ``%`` for any letters."""
    parts = (re.escape(one).replace("\\~", " ?").replace("~", " ?").replace("%", r"\S*") for one in words.split())
    return re.compile(rf"(?<!\S)(?:{'|'.join(parts)})(?!\S)")


_FLAIR: Final = _any_of("%flair% dark~fluid% da~fl t2f fluid~attenuated%")
_T1: Final = _any_of("t1% %t1w% 2d~t1% 3d~t1% cet1% mp~rage% mp2rage% bravo% spgr% fspgr% tfl% vibe% 3d~tfe%")
_OTHER: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (name, _any_of(words))
    for name, words in (
        ("a localiser", "localiz% localis% loc scout% survey% 3~plane% 3~pl plan~scan aa~head% smartbrain%"),
        ("a calibration", "cal calibration asset~cal% ref~scan"),
        ("diffusion", "dwi% dti% adc% eadc diff diffusion trace tracew resolve b~1000% fa~map"),
        ("susceptibility", "swi% swan% ven~bold% t2~*% t2~star% mag~images pha~images"),
        ("perfusion", "perf perfusion% dsc dce asl% pcasl% cbf rcbf cbv rcbv mtt ttp ktrans"),
        ("angiography", "tof% mra mrv angio% phase~contrast twist%"),
        ("functional imaging", "bold% fmri% resting"),
        ("a map", "t1~map% t2~map% t1~rho% field~map% b0~map% b1~map% synthetic"),
        ("spectroscopy", "svs% csi mrs spectro%"),
        ("a subtraction", "subtract% sub"),
        ("reformatted", "mip reformat% rfmt reconstruct%"),
    )
)
_NO_T1: Final = _any_of("t2% %t2w% gre hemo% pd pdw proton~density stir% dir ciss% fiesta%")
_WITHOUT: Final = re.compile(
    r"(?<!\S)(?:(?:pre|before|without|w/o|wo|no|non|ohne|sans|senza|sin) ?(?:contrast\S*|con|gd|gad\S*|km|iv|mdc|c)"
    r"|pre(?! op)|without|w/o|wo|ohne|sans|plain|nativ[eo]?|unenhanced|t1n|t1pre)(?!\S)"
)
_WITH: Final = re.compile(
    r"\+ ?(?:c|gd|gad|km|contrast)(?!\w)|(?<!\S)c ?\+"
    r"|(?<!\S)(?:post(?! op)|gd|gad\S*|contrast\S*|inject\S*|inj|km|ce|mdc|enhanced|with|mit|w/|cet1\S*"
    r"|t1(?:c|ce|cw|wc|gd|gad|post|km|wce|wgd))(?!\S)"
)
_NO_AGENT: Final = frozenset({"no", "none", "n", "0", "na", "n/a", "null", "without", "no contrast", "not applicable"})


def plain(told: str) -> str:
    """Lower case, words parted by single blanks; ``+``, ``*`` and ``/`` are kept."""
    return " ".join(re.sub(r"[^\w+*/]+|_", " ", told.lower()).split())


def contrast_said(told: str) -> tuple[Said, str] | None:
    """Tell what kind of images a text names.

    Parameters
    ----------
    told : str

    Returns
    -------
    (str, str) or None
        ``flair``, ``t1`` or ``other``, and a word for it; None where the text says nothing.
    """
    words = plain(told)
    for name, pattern in _OTHER:
        if pattern.search(words):
            return "other", name
    if _T1.search(words):
        return "t1", "T1"
    if _FLAIR.search(words):
        return "flair", "FLAIR"
    return ("other", "T2, proton density or the like") if _NO_T1.search(words) else None


def agent_said(told: str) -> Agent | None:
    """Tell whether a text says that the contrast agent was given.

    Parameters
    ----------
    told : str

    Returns
    -------
    str or None
        ``unclear`` where it says both; None where it says nothing.
    """
    words = plain(told)
    rest = _WITHOUT.sub(" ", words)
    without, with_agent = rest != words, _WITH.search(rest) is not None
    if without and with_agent:
        return "unclear"
    return "without" if without else "with" if with_agent else None


def names_agent(told: str) -> bool:
    """Whether the text of ContrastBolusAgent names an agent, and not that there was none."""
    words = plain(told)
    return bool(words) and words not in _NO_AGENT
