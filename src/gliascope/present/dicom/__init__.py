"""Results as DICOM objects: segmentations, structured reports, secondary captures."""
