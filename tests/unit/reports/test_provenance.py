import re
from dataclasses import replace

import pandas as pd
import pytest
from pages import parse
from stores import MODELS, Face, make_result

from facestats.models.registry import find_models
from facestats.options import AnalyzeOptions
from facestats.reports import provenance
from facestats.reports.data import load_collection, load_video
from facestats.store.store import create_store
from facestats.tables.schema import SCHEMA_VERSION


def test_the_end_names_models_hashes_options_and_versions(people):
    said = parse(provenance.provenance(people, {"smooth_s": 0.5})).words
    for model in MODELS.values():
        assert f"{model['name']}, sha256 {model['sha256']}" in said
    assert 'tracker "bytetrack"' in said
    assert "smooth_s 0.5" in said
    assert "analysed 2025-05-04 03:02 UTC in 3.2 s, status ok" in said
    assert f"schema version {SCHEMA_VERSION}" in said


def test_a_rotation_that_is_missing_stops_no_page(people):
    made = replace(people, videos=people.videos.assign(rotation=pd.array([pd.NA], "Int64"), width=640, height=360))
    assert "picture 640 x 360 pixels" in parse(provenance.provenance(made)).words


def test_the_caveats_stand_on_the_page(people):
    said = parse(provenance.limits(people)).words
    assert "Perceived gender is what the people who labelled the training pictures would have called a face" in said
    assert "A face is not a person" in said


def test_options_that_differ_between_videos_are_counted(tmp_path):
    store = create_store(tmp_path / "store")
    for number, rate in enumerate((10, 10, 5)):
        result = make_result(f"v-{number}", (), path=f"{number}.mp4", duration_s=1.0)
        store.write(result, paths=(f"{number}.mp4",), options=AnalyzeOptions(rate=rate).to_dict())
    said = parse(provenance.provenance(load_collection(str(store.path)))).words
    assert "analysis options (2 videos) rate 10" in said
    assert "analysis options (1 video) rate 5" in said


def test_the_models_are_told_with_what_was_measured_of_them(tmp_path):
    model = next(iter(find_models().values()), None)
    if model is None:
        pytest.skip("no model ships yet")
    attribute = model.card.attributes[0]
    used = {attribute: {"name": model.name, "sha256": model.verify()}}
    store = create_store(tmp_path / "store")
    result = make_result("v-1", [Face(1, 0.0, 1.0)], path="v.mp4", duration_s=1.0)
    store.write(result, paths=("v.mp4",), options=AnalyzeOptions().to_dict(), models=used)
    said = parse(provenance.limits(load_video(str(store.path)))).words
    assert model.name in said
    assert re.search(r"right for \d\d % of [\d,]+ validation faces", said)
    other = {attribute: {"name": model.name, "sha256": "0" * 64}}
    store.write(result, paths=("v.mp4",), options=AnalyzeOptions().to_dict(), models=other)
    assert model.name not in parse(provenance.limits(load_video(str(store.path)))).words
