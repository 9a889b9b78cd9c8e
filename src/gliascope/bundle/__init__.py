"""A model bundle: a folder with the graphs, the recipe they were made by, their thresholds, hashes and card.

::

    bundle.json      what is in the folder and how it is used (`SCHEMA`), with the SHA-256 of every other file
    *.onnx           one graph for each role of the wiring (`ROLES`), and *.int8.onnx where it is quantised
    seen.txt         pixel hashes of every slice used to train the networks or to choose among them
    MODEL_CARD.md    for people: what the networks are for, and what they were measured to do
    LICENSE          of the weights
"""

from __future__ import annotations

from gliascope.bundle.load import EMBEDDED, Bundle, load_bundle
from gliascope.bundle.manifest import CARD, DEFAULT_POINT, LICENCE, MANIFEST, ROLES, SCHEMA, SEEN, Wiring
from gliascope.bundle.write import write_bundle

__all__ = [
    "CARD",
    "DEFAULT_POINT",
    "EMBEDDED",
    "LICENCE",
    "MANIFEST",
    "ROLES",
    "SCHEMA",
    "SEEN",
    "Bundle",
    "Wiring",
    "load_bundle",
    "write_bundle",
]
