import pytest
from stores import EMPTY, FACES, PARTIAL, PEOPLE, make_result, make_store, with_persons

from facestats.errors import UnknownNameError, UsageError
from facestats.widgets.review import ORDERS, Review

FIRST, SECOND, THIRD, SMALL = ((PEOPLE, number) for number in (1, 2, 3, 4))


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store")


@pytest.fixture
def review(store):
    return Review(store)


def test_the_most_doubtful_faces_of_all_videos_come_first_and_every_order_has_them_all(review):
    assert review.doubts(review.order[0])
    assert {video_id for video_id, _ in review.order} == {PEOPLE, PARTIAL}
    everything = set(review.order)
    for order in ORDERS:
        review.read(order)
        assert set(review.order) == everything
    review.read("length")
    assert review.order[0] == FIRST


def test_faces_stand_person_by_person():
    known = make_result(PEOPLE, FACES, path="p.mp4")
    review = Review(with_persons(known, {1: (1, 0.9), 2: (0, 0.9), 3: (1, 0.9), 4: (2, 0.9)}))
    review.read("person")
    assert review.order == [FIRST, THIRD, SECOND, SMALL]


def test_what_is_accepted_is_doubtful_no_more_here_and_for_others(store, review):
    (key, n) = (review.order[0], review.n_doubtful())
    assert review.act(key, "accept") == f"face {key[1]} was looked at and let be"
    assert (review.is_accepted(key), review.doubts(key), review.n_doubtful()) == (True, (), n - 1)
    assert review.order[0] == key  # it stays where it is, until the order is asked for
    with pytest.raises(UsageError, match="accepted before"):
        review.act(key, "accept")
    other = Review(store)
    assert other.is_accepted(key)
    assert other.order[0] != key
    assert store.tracks(where=[("video_id", "==", key[0])]).set_index("track_id").loc[key[1], "corrected"] == "accept"
    said, where = review.undo()
    assert (said, where) == (f"undone: face {key[1]} was looked at and let be", key)
    assert review.n_doubtful() == n
    assert store.corrections().empty


def test_the_next_doubtful_face_is_behind_and_then_from_the_first_again(review):
    seen, key = [], None
    for _ in range(review.n_doubtful()):
        key = review.next_doubtful(key)
        seen.append(key)
    assert len(set(seen)) == review.n_doubtful()
    assert review.next_doubtful(key) == seen[0]
    for each in seen:
        review.act(each, "accept")
    assert review.next_doubtful() is None


def test_a_face_that_is_none_stays_in_sight_until_it_is_undone(store, review):
    place = review.place(SMALL)
    review.act(SMALL, "reject")
    assert (review.gone(SMALL), review.doubts(SMALL), review.place(SMALL)) == ("not a face", (), place)
    assert 4 not in store.video(PEOPLE).tracks()["track_id"].tolist()
    with pytest.raises(UnknownNameError):
        review.act(SMALL, "accept")
    review.undo()
    assert review.gone(SMALL) == ""
    assert 4 in store.video(PEOPLE).tracks()["track_id"].tolist()


def test_two_faces_become_one_and_apart_again(review):
    assert review.act(SECOND, "merge", THIRD) == "face 2 takes in face 3"
    assert review.gone(THIRD) == "part of face 2"
    assert review.track(SECOND)["end_s"] == pytest.approx(11.9)
    review.undo()
    assert review.gone(THIRD) == ""
    for other in (None, (PARTIAL, 1)):
        with pytest.raises(UsageError, match="only two faces of one video"):
            review.act(SECOND, "merge", other)
    with pytest.raises(UsageError, match="seen together"):
        review.act(FIRST, "merge", SECOND)
    assert review.undo() == ("nothing was done here", None)


def test_what_others_undid_is_said_and_the_faces_are_as_they_are_now(store, review):
    review.act(SMALL, "reject")
    store.uncorrect(PEOPLE, 1)
    with pytest.raises(UnknownNameError):
        review.undo()
    assert review.gone(SMALL) == ""


def test_what_others_did_under_the_same_number_is_not_undone(store, review):
    review.act(SMALL, "reject")
    store.uncorrect(PEOPLE, 1)
    store.correct(PEOPLE, 2, gender="male")  # it has the number 1 too
    with pytest.raises(UnknownNameError, match="was undone before, and is another one now"):
        review.undo()
    assert store.corrections()[["number", "what"]].to_numpy().tolist() == [[1, "gender"]]


def test_pictures_are_those_that_the_store_keeps(tmp_path, review):
    assert set(review.pictures(review.order)) == {FIRST, SECOND, THIRD, SMALL}  # of the other video it keeps none
    blurred = Review(make_result(PEOPLE, FACES, path="people.mp4", thumbnails=False))
    assert blurred.pictures(blurred.order) == {}
    assert Review(make_store(tmp_path / "empty", EMPTY)).order == []


def test_a_result_is_looked_through_and_not_corrected():
    review = Review(make_result(PEOPLE, FACES, path="people.mp4"))
    assert review.names == {PEOPLE: "people.mp4"}
    with pytest.raises(UsageError, match="no place for corrections"):
        review.act(FIRST, "accept")
