"""The LGG layout on disk, and splits of its patients."""
