"""Training of the attribute networks: data, networks, fitting, export. The only stage that imports torch at once."""
