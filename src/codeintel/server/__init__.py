"""Serves the answers over the Model Context Protocol and HTTP."""
