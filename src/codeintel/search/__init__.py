"""Answers questions from a snapshot: ranking, exact text, symbols, paths and files."""
