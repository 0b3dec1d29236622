"""Throughput and accuracy, measured; each benchmark prints one JSON line at its end."""
