"""Reads git: files of a revision or working tree, blame and history."""
