"""Finds candidates: vectors, words, trigrams and symbols of one generation."""
