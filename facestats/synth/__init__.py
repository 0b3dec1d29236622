"""Synthetic videos with exact truth: portraits moved over a background."""
