"""Fits what tells slices that can be assessed from others; needs no deep-learning framework."""
