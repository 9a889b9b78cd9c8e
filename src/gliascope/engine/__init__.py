"""Inference engines: run the graphs of a bundle, one module an engine."""
