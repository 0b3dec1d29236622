import cv2
import numpy as np
import pandas as pd
import pytest

from facestats.errors import DataError
from facestats.training.embedding.gathering import read_faces


@pytest.fixture
def path(tmp_path):
    _, png = cv2.imencode(".png", np.zeros((8, 8), np.uint8))
    names = [f"lfw/{person}_{i:04d}" for person in "abcdefgh" for i in range(3)]
    names += [f"genki/{i}" for i in range(40)] + [f"imfdb/actor_{i}" for i in range(3)]
    sources = ["lfw"] * 24 + ["genki"] * 40 + ["imfdb"] * 3
    frame = pd.DataFrame({"image": png.tobytes(), "name": names, "source": sources})
    frame.to_parquet(tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"


def test_whole_people_are_held_out_and_unseen_sources_are_only_scored_on(path):
    found = read_faces(path, per_source=10, unseen=["imfdb"])
    kept, learned = (set(found.loc[found["held_out"] == held, "person"].dropna()) for held in (True, False))
    assert not kept & learned
    lfw = found[found["source"] == "lfw"]
    assert len(lfw) == 24
    assert 0 < lfw["held_out"].sum() < 24
    assert found[found["source"] == "imfdb"]["held_out"].all()
    # Pictures of nobody in particular are learned from only, and so many at most.
    genki = found[found["source"] == "genki"]
    assert 0 < len(genki) <= 10
    assert not genki["held_out"].any()


def test_a_file_without_names_is_refused(tmp_path):
    pd.DataFrame({"image": [b""]}).to_parquet(tmp_path / "faces.parquet")
    with pytest.raises(DataError, match="name and source"):
        read_faces(tmp_path / "faces.parquet", per_source=9)
