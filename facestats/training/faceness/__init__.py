"""The fit of the layer that says of a detection whether it is a face."""
