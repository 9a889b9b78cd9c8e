"""Results as pictures and files: figures, contact sheets, masks. Takes arrays and values; knows no pipeline."""
