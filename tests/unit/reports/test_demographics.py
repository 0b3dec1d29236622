from pages import parse

from facestats.reports import demographics


def test_few_faces_have_counts_and_no_shares(people):
    said = parse(demographics.composition(people)).words
    assert "Four faces are too few to speak of shares." in said
    assert "perceived gender 2 female 1 male 1 not measured" in " ".join(said.split())
    assert "interval" not in said
