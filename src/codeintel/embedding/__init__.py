"""Turns text into vectors: the bundled model and OpenAI-compatible servers."""
