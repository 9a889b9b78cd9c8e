"""Data sets in the LGG layout: got, checked, described, split."""
