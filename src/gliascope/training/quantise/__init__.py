"""Graphs in 8-bit integers: calibrated on training patients, what suffers left in float."""
