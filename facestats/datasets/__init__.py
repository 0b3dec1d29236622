"""Labelled data: layouts of published data sets, and reading and cropping of labelled pictures and boxes."""
