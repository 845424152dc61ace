"""Brings the chunks and vectors of a fixed FAISS deployment into an index of ours."""
