"""Tracks and expressions as files of annotation tools, and annotations made by hand in them."""
