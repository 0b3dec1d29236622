"""One input: from its frames to its tables."""
