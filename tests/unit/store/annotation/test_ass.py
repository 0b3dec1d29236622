"""Subtitles in the colours of the faces, read back by ffmpeg."""

from __future__ import annotations

import av
import pytest
from stores import FACES, MODELS, PEOPLE, make_result, make_store, with_persons

from facestats.store.annotation.files import export_annotations
from facestats.store.annotation.intervals import intervals_of
from facestats.store.annotation.webvtt import cues, smoothed_s
from facestats.store.store import create_store
from facestats.tables.labels import face_color


def test_players_read_the_subtitles_beside_a_clip_and_they_go_with_it(tmp_path):
    store = make_store(tmp_path / "store", PEOPLE)
    clip = store.path / "clips" / f"{PEOPLE}.mp4"
    written = [
        export_annotations(store, format=format, out=store.path / "clips", videos=[PEOPLE])[0]
        for format in ("ass", "vtt")
    ]
    assert [path.stem for path in written] == [clip.stem] * 2
    expected = list(cues(intervals_of(store.result(PEOPLE))))
    with av.open(str(written[0])) as container:
        packets = [packet for packet in container.demux() if packet.size]
        found = [(packet.pts * packet.time_base, bytes(packet).decode().split(",")[-1]) for packet in packets]
    assert [text for _, text in found] == [text for *_, text in expected]
    assert max(abs(float(at) - cue[0]) for (at, _), cue in zip(found, expected, strict=True)) <= 0.006
    red, green, blue = face_color(1)
    assert f"Style: face 1,Sans,18,&H00{blue:02X}{green:02X}{red:02X}," in written[0].read_text(encoding="utf-8")
    store.drop_clip(PEOPLE)
    assert not any(path.exists() for path in (clip, *written))


def test_subtitles_speak_of_people_where_they_are_known(tmp_path):
    store = create_store(tmp_path / "store")
    result = make_result(PEOPLE, FACES, path="videos/people.mp4")
    store.write(with_persons(result, {2: (0, 0.9), 3: (0, 0.9)}), paths=("videos/people.mp4",), models=MODELS)
    ass, vtt = (
        export_annotations(store, format=format, out=tmp_path, videos=[PEOPLE])[0].read_text(encoding="utf-8")
        for format in ("ass", "vtt")
    )
    red, green, blue = face_color(0)
    assert ass.count(f"Style: person 0,Sans,18,&H00{blue:02X}{green:02X}{red:02X},") == 1
    assert "person 0,person 0: sadness" in ass
    assert "person 0: sadness" in vtt
    assert "person 0: expression unknown" not in vtt
    assert "face 1: happiness" in vtt  # nobody knows whose it is
    assert "face 2" not in vtt


@pytest.mark.parametrize("smooth_s", [0.0, 0.25, 2.0, 1e-5])
def test_subtitles_say_how_they_were_smoothed(tmp_path, smooth_s):
    store = make_store(tmp_path / "store")
    for format in ("ass", "vtt", "boris"):
        (path,) = export_annotations(store, format=format, out=tmp_path, videos=[PEOPLE], smooth_s=smooth_s)
        text = path.read_text(encoding="utf-8")
        assert f"smoothed over {smooth_s:g} s" in text
        assert format == "boris" or smoothed_s(text) == smooth_s
