"""gliascope finds brain tumours in MRI and outlines them. Research software, never a diagnosis.

The names below are the public API. Each is imported when it is first used, so that ``import gliascope`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gliascope.bundle import Bundle, load_bundle
    from gliascope.errors import GliascopeError
    from gliascope.findings import Finding
    from gliascope.pipeline import Analyser, analyse
    from gliascope.prepare.enhancement import enhance
    from gliascope.recipe import Recipe, load_recipe
    from gliascope.scan import Case, Scan

__version__ = "0.1.0"

_HOMES: Final = {
    "Analyser": "gliascope.pipeline",
    "Bundle": "gliascope.bundle",
    "Case": "gliascope.scan",
    "Finding": "gliascope.findings",
    "GliascopeError": "gliascope.errors",
    "Recipe": "gliascope.recipe",
    "Scan": "gliascope.scan",
    "enhance": "gliascope.prepare.enhancement",
    "analyse": "gliascope.pipeline",
    "load_bundle": "gliascope.bundle",
    "load_recipe": "gliascope.recipe",
}

__all__ = [
    "Analyser",
    "Bundle",
    "Case",
    "Finding",
    "GliascopeError",
    "Recipe",
    "Scan",
    "__version__",
    "analyse",
    "enhance",
    "load_bundle",
    "load_recipe",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
