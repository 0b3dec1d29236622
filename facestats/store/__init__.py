"""The store: the tables of many videos on disk."""
