import os

import pytest

from facestats._util.locations import LIVE_SCHEMES
from facestats.errors import EmptyInputError, MissingInputError
from facestats.video.discovery import Input, discover
from facestats.video.identity import content_hash


@pytest.fixture
def folder(tmp_path):
    for name in (
        "clip10.mp4",
        "clip2.MP4",
        "notes.txt",
        ".hidden.mp4",
        "sub/deep/photo.JPG",
        "sub/b.mov",
        "empty/x.md",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def names(discovery, folder):
    return [os.path.relpath(item.path, folder) for item in discovery.inputs]


def test_folders_are_searched_recursively_in_natural_order(folder):
    found = discover([folder])
    assert names(found, folder) == ["clip2.MP4", "clip10.mp4", "sub/b.mov", "sub/deep/photo.JPG"]
    assert not found.missing
    assert [os.path.relpath(path, folder) for path in found.passed_over] == ["notes.txt", "empty/x.md"]
    assert discover([folder, folder / "notes.txt"]).passed_over == (str(folder / "empty/x.md"),)


def test_a_file_is_taken_whatever_it_is_called_and_only_once(folder):
    found = discover([folder / "notes.txt", folder / "clip2.MP4", folder])
    assert names(found, folder)[:2] == ["notes.txt", "clip2.MP4"]
    assert len(found.inputs) == 5


def test_globs_are_expanded(folder):
    assert names(discover([f"{folder}/*.mp4"]), folder) == ["clip10.mp4"]
    assert names(discover([f"{folder}/**/*.JPG"]), folder) == ["sub/deep/photo.JPG"]


def test_file_names_with_brackets_are_files_first(folder):
    (folder / "a[1].mp4").write_bytes(b"x")
    assert names(discover([folder / "a[1].mp4"]), folder) == ["a[1].mp4"]


def test_a_store_is_no_folder_of_videos(folder):
    (folder / "sub" / "store.json").touch()
    (folder / "sub" / "clips").mkdir()
    for argument in (str(folder / "sub"), f"file://{folder / 'sub'}"):
        found = discover([argument])
        assert not found.inputs
        (problem,) = map(str, found.missing)
        assert problem == f"{folder / 'sub'} is a store, which holds results: name the videos, and the store by out"
        assert not isinstance(found.missing[0], EmptyInputError)  # nothing may come later


def test_stores_inside_a_folder_are_passed_over(folder):
    (folder / "out" / "clips").mkdir(parents=True)
    (folder / "out" / "store.json").write_text("{}")
    (folder / "out" / "clips" / "clip2.mp4").write_bytes(b"x")
    assert len(discover([folder]).inputs) == 4


def test_clips_beside_reports_are_no_inputs_and_a_folder_of_ones_own_called_clips_is(folder):
    for name in ("reports/clips", "clips"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x.mp4").write_bytes(b"x")
    (folder / "reports" / "clips" / ".facestats-clips").touch()
    assert "clips/x.mp4" in names(discover([folder]), folder)
    assert "reports/clips/x.mp4" not in names(discover([folder]), folder)


def test_an_impossible_name_is_missing_not_a_crash(folder):
    found = discover(["x" * 5000 + ".mp4", folder / "clip2.MP4"])
    assert len(found.inputs) == len(found.missing) == 1


def test_what_is_missing_is_told_and_the_rest_is_found(folder):
    found = discover([folder / "absent.mp4", folder / "empty", f"{folder}/*.avi", folder / "clip2.MP4"])
    assert names(found, folder) == ["clip2.MP4"]
    # A folder that is empty today, and a pattern in a folder that is there, may have files tomorrow.
    assert [type(error) for error in found.missing] == [MissingInputError, EmptyInputError, EmptyInputError]
    assert "does not exist" in str(found.missing[0])
    assert "no videos or images" in str(found.missing[1])
    assert "nothing matches" in str(found.missing[2])


def test_sequences_are_folders_of_images(folder):
    found = discover([folder], sequence=True)
    assert [(os.path.relpath(item.path, folder), item.is_sequence) for item in found.inputs] == [
        ("clip2.MP4", False), ("clip10.mp4", False), ("sub/b.mov", False), ("sub/deep", True),
    ]  # fmt: skip


def test_a_loop_of_links_ends(folder):
    (folder / "sub" / "loop").symlink_to(folder)
    assert len(discover([folder]).inputs) == 4


@pytest.mark.parametrize(
    "name", ["camera:0", "http://host/a.mp4", *(f"{scheme}://host:1/live" for scheme in sorted(LIVE_SCHEMES))]
)
def test_live_inputs_are_not_looked_for_on_disk(name):
    assert discover([name]).inputs == (Input(name),)
    assert Input(name).is_live
    assert content_hash(Input(name)) is None


def test_hashes_follow_content_not_names(folder):
    (folder / "copy.mp4").write_bytes((folder / "clip2.MP4").read_bytes())
    one, copy, other = (content_hash(Input(str(folder / name))) for name in ("clip2.MP4", "copy.mp4", "clip10.mp4"))
    assert one == copy != other


def test_the_hash_of_a_sequence_changes_with_any_image(folder):
    images = Input(str(folder / "sub" / "deep"), is_sequence=True)
    before = content_hash(images)
    (folder / "sub" / "deep" / "photo2.jpg").write_bytes(b"2")
    assert content_hash(images) != before


def test_names_with_odd_digits_are_sorted_too(folder):
    for name in ("²", "٣", "a10", "a9"):
        (folder / f"{name}.avi").write_bytes(b"x")
    assert names(discover([f"{folder}/*.avi"]), folder)[1:3] == ["a9.avi", "a10.avi"]
