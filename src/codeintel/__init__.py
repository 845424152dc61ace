"""Self-hosted code intelligence for AI coding agents and their teams."""

__version__ = "0.1.0"
