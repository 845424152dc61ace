"""Reads source text: languages, syntax trees, chunks, symbols and tokens."""
