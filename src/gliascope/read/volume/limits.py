"""How large a volume may be."""

from typing import Final

MAX_VOXELS: Final = 2**26
"""Most voxels of one volume (512 x 512 x 256): a larger one is no head, or a decompression bomb."""
MAX_LENGTH: Final = 1000.0
"""Longest side of a volume in millimetres; a longer one is no head, and would be cut into too many voxels."""
SHEARED: Final = 0.1
"""Degrees of shear from which it is told."""
