import pickle

import pytest

from facestats import errors


def all_errors():
    found, queue = [], [errors.FacestatsError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", all_errors())
def test_errors_survive_pickling_and_have_an_exit_code(kind):
    error = pickle.loads(pickle.dumps(kind("clip.mp4 is empty: give another")))
    assert type(error) is kind
    assert str(error) == "clip.mp4 is empty: give another"
    assert error.exit_code in (2, 3)


def test_the_reason_is_the_message_unless_it_is_given_and_survives_too():
    assert errors.OutputError("the disk is full").reason == "the disk is full"
    error = errors.UnreadableInputError("cannot read clip.mp4: no video in it", reason="no video in it")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason) == ("cannot read clip.mp4: no video in it", "no video in it")


@pytest.mark.parametrize("kind", all_errors())
def test_the_tree_in_the_module_docstring_names_every_error(kind):
    assert kind.__name__ in errors.__doc__
