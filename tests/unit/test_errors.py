import errno
import pickle
import socket
import urllib.error

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
    assert error.exit_code in (2, 3, 4)


def test_the_reason_is_the_message_unless_it_is_given_and_survives_too():
    assert errors.OutputError("the disk is full").reason == "the disk is full"
    error = errors.UnreadableInputError("cannot read clip.mp4: no video in it", reason="no video in it")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason) == ("cannot read clip.mp4: no video in it", "no video in it")


@pytest.mark.parametrize("kind", all_errors())
def test_the_tree_in_the_module_docstring_names_every_error(kind):
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 4),
        (OSError(errno.EROFS, "Read-only file system"), 4),
        (OSError(errno.EHOSTUNREACH, "No route to host"), 4),
        (TimeoutError(), 4),
        (urllib.error.URLError(socket.gaierror(-3, "Temporary failure in name resolution")), 4),
        (PermissionError(errno.EACCES, "Permission denied"), 2),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), 2),
        (urllib.error.URLError("unknown url type"), 2),
    ],
)
@pytest.mark.parametrize("kind", [errors.OutputError, errors.MissingInputError, errors.ModelError])
def test_what_may_pass_ends_with_4(cause, code, kind):
    try:
        raise cause
    except OSError as error:
        told = kind(f"cannot: {error}")
    assert told.exit_code == code
    assert pickle.loads(pickle.dumps(told)).exit_code == code
    assert errors.DataError("not of this kind").exit_code == 3
