"""Where is the tumour? The segmenter's outline, in the input's own rows and columns."""
