"""Every error that gliascope raises on purpose.

::

    GliascopeError
    +-- InputError          a file, folder or array that cannot be used
    |   +-- UnreadableFile  the file is damaged, empty or of an unknown kind
    |   +-- SoftMask        a mask with too many values for its edge to be known
    +-- RecipeError         a recipe with an unknown key or an impossible value
    +-- BundleError         a model bundle that is incomplete, altered or too new
    +-- SplitError          a split file that leaks, is incomplete or was altered
    +-- FetchError          a data set that could not be downloaded
    +-- ArchiveError        a PACS that refuses, or cannot be reached
    +-- DeviceError         the device asked for is not there
    +-- JobError            a process of a run that was ended from outside
    +-- TrainingError       training or export could not go on
    |   +-- ParityError     the exported graphs disagree with the trained networks
    +-- MissingExtra        a part of gliascope that is not installed

A message states the file, the rule and what was received:
``scan_7.tif: an image must have 1 or 3 channels, received 2``.
"""

from importlib import import_module


class GliascopeError(Exception):
    """Base of every error raised on purpose; the command line shows its text alone."""


class InputError(GliascopeError):
    """A file, folder or array breaks a rule that the message states."""


class UnreadableFile(InputError):
    """A file is damaged, empty or of a kind that gliascope does not read."""


class SoftMask(InputError):
    """A mask has more different values than labels have: it is soft, or a lossy image."""


class RecipeError(GliascopeError):
    """A recipe has an unknown key or a value outside its range."""


class BundleError(GliascopeError):
    """A model bundle is incomplete, altered or written by a later version."""


class SplitError(GliascopeError):
    """A split file leaks between its sides, is incomplete or was altered."""


class FetchError(GliascopeError):
    """A data set could not be downloaded; the message says how to go on."""


class ArchiveError(GliascopeError):
    """A PACS refuses what was asked of it, or cannot be reached."""


class DeviceError(GliascopeError):
    """The device asked for cannot be used by the installed inference engine."""


class JobError(GliascopeError):
    """A process that analyses cases was ended from outside, as where memory runs out."""


class TrainingError(GliascopeError):
    """Training or export could not go on."""


class ParityError(TrainingError):
    """The exported graphs disagree with the networks they were made from."""


class MissingExtra(GliascopeError, ImportError):
    """An optional part is not installed; the message names the command that installs it."""


def require_extra(purpose: str, extra: str, *modules: str) -> None:
    """Make sure that an optional part is installed, before a module that needs it is imported.

    Parameters
    ----------
    purpose : str
        What was asked for, as the message names it: ``gliascope train``.
    extra : str
        Name of the extra that brings the modules.
    *modules : str
        Packages that must be importable.

    Raises
    ------
    MissingExtra
        If one of them is not installed.
    """
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise MissingExtra(
                f'{purpose} needs the extra `{extra}` ({error}): pip install "gliascope[{extra}]"'
            ) from error
