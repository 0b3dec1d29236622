"""Training of the face detector that ships with facestats: labels, synthesis, network, loss and the loop."""
