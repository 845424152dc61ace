"""Writes an index: plan, parse, embed, publish."""
