from pages import parse
from stores import FACES, MODELS, PEOPLE, make_result, make_store

from facestats.reports import demographics, video
from facestats.reports.data import load_collection, load_video


def test_few_faces_have_counts_and_no_shares(people):
    said = parse(demographics.composition(people)).words
    assert "Four faces are too few to speak of shares." in said
    assert "perceived gender 2 female 1 male 1 not measured" in " ".join(said.split())
    assert "interval" not in said


def test_corrections_by_hand_are_marked_and_told(tmp_path):
    store = make_store(tmp_path / "store")
    parts = parse(demographics.composition(load_video(str(store.path), PEOPLE))).words
    assert "by hand" not in parts
    store.correct(PEOPLE, 2, gender="female", reason="<b>named</b>")
    store.correct(PEOPLE, 1, age_group="old")
    store.correct(PEOPLE, 1, accept=True)  # which corrects nothing
    store.correct(PEOPLE, 4, accept=True)
    data = load_video(str(store.path), PEOPLE)
    said = parse(demographics.composition(data)).words
    assert "✎ Two corrections by hand count here: gender of face 2 is female (“<b>named</b>”) and age group of" in said
    assert "perceived gender 3 female" in said
    rows = parse(video.faces(data)).words
    assert rows.count("✎ corrected by hand: ") == 2
    assert "✎ corrected by hand: age group" in rows
    said = parse(demographics.composition(load_collection(str(store.path)))).words
    assert "✎ Two corrections by hand count here, in one video." in said


def test_corrections_whose_face_is_no_more_are_told(tmp_path):
    store = make_store(tmp_path / "store")
    store.correct(PEOPLE, 3, gender="female")
    store.write(make_result(PEOPLE, FACES[:2], path="videos/people.mp4"), paths=("p.mp4",), models=MODELS)
    data = load_video(str(store.path), PEOPLE)
    assert demographics.corrected_words(data) == (
        "One does not apply any more, as the face is no longer found: gender of face 3 is female."
    )
