from commands import run

from facestats._util.naming import as_options, named


def test_an_argument_is_called_as_the_user_typed_it():
    assert named("age_group", "--age") == "age_group"
    with as_options():
        assert (named("age_group", "--age"), named("same_person")) == ("--age", "--same-person")
    assert named("same_person") == "same_person"


def test_after_a_command_that_failed_arguments_have_their_names_again(capsys, tmp_path):
    assert run(capsys, "status", tmp_path / "none")[0] == 2
    assert named("same_person") == "same_person"
