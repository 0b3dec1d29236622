"""Subtitles in the colours of the faces, read back by ffmpeg."""

from __future__ import annotations

import av
from stores import PEOPLE, make_store

from facestats.store.annotation.files import export_annotations
from facestats.store.annotation.intervals import intervals_of
from facestats.store.annotation.webvtt import cues
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
