"""What volumes of every format share: axial slices, one grid for all sequences, and the way back."""
