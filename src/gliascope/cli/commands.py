"""The table of commands: names and short help texts, known without importing any command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Entry:
    """One command.

    Attributes
    ----------
    target : str
        ``module:function`` of the command's body, imported when the command is called.
    help : str
        One line, shown in the list of commands.
    """

    target: str
    help: str


@dataclass(frozen=True)
class Family:
    """Commands under a common first word, such as ``gliascope data split``.

    Attributes
    ----------
    help : str
        One line, shown in the list of commands.
    entries : dict of str to Entry
    """

    help: str
    entries: dict[str, Entry]


COMMANDS: Final[dict[str, Entry | Family]] = {
    "analyse": Entry("gliascope.cli.analyse:analyse", "Find and outline tumours in brain MRI."),
    "studies": Entry("gliascope.cli.studies:studies", "List DICOM studies: which series would be used, and why not."),
    "store": Entry("gliascope.cli.store:store", "Store the DICOM objects of results in a PACS."),
    "enhance": Entry("gliascope.cli.enhance:enhance", "Enhance the contrast of images, and show what that did."),
    "phantom": Entry("gliascope.cli.phantom:phantom", "Write procedural scans with known truth."),
    "networks": Entry("gliascope.cli.networks:networks", "Draw the networks; count parameters and operations."),
    "train": Entry("gliascope.cli.train:train", "Train the networks of a recipe and pack them as a bundle."),
    "quantise": Entry("gliascope.cli.quantise:quantise", "Add graphs in 8-bit integers to a model bundle."),
    "resize": Entry(
        "gliascope.cli.resize:resize", "Make a model bundle for images of another size, of the same weights."
    ),
    "fit-assessor": Entry(
        "gliascope.cli.fit_assessor:fit_assessor", "Fit what tells images that can be judged from others."
    ),
    "crossval": Entry("gliascope.cli.crossval:crossval", "Score every patient by networks that never saw it."),
    "data": Family(
        "Tools for data sets.",
        {
            "fetch": Entry("gliascope.cli.data_fetch:fetch", "Get the public LGG data set, or take it from a file."),
            "check": Entry("gliascope.cli.data_check:check", "Check files, masks and what patients must not share."),
            "describe": Entry(
                "gliascope.cli.data_describe:describe", "Describe a data set in tables, plots and one page."
            ),
            "split": Entry(
                "gliascope.cli.data_split:split", "Split patients into sides to train, to choose and to test."
            ),
        },
    ),
    "evaluate": Entry("gliascope.cli.evaluate:evaluate", "Score a model on patients it has not seen."),
    "calibrate": Entry(
        "gliascope.cli.calibrate:calibrate", "Calibrate a bundle and choose its operating points on evidence."
    ),
    "info": Entry("gliascope.cli.info:info", "Show versions, the embedded model and the devices that can be used."),
}
"""In the order in which ``gliascope --help`` lists them."""
