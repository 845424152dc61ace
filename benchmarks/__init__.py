"""Measurements, each with the old way beside ours in one run."""
