"""NIfTI volumes: which files make a case, what their headers say, and the way onto one axial grid and back."""
