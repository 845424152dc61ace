"""Checks and tools of the project's own development."""
