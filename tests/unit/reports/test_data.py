import pytest

from facestats.errors import StoreError, UnknownNameError, UsageError
from facestats.reports.data import load_collection, load_video


def test_loading_refuses_what_it_cannot_know(store, tmp_path):
    with pytest.raises(UsageError, match="holds 4 videos: name one"):
        load_video(str(store.path))
    with pytest.raises(UnknownNameError, match="absent"):
        load_video(str(store.path), "absent")
    with pytest.raises(StoreError):
        load_collection(str(tmp_path))
