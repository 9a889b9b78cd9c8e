"""Does a slice show a tumour? The classifier's probability, and which slices can be judged at all."""
