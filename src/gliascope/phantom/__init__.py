"""Procedural brain scans with known truth, for the demonstration, for tests and for a self-check.

They never train a bundle and are never evidence of accuracy: a phantom shows what this room's code draws, no patient.
"""

from gliascope.phantom.make import Phantom, make_phantom
from gliascope.phantom.write import write_phantom, write_phantom_volumes

__all__ = ["Phantom", "make_phantom", "write_phantom", "write_phantom_volumes"]
