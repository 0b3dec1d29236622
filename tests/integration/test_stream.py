"""A stream can be read only once: its tables, and a clip from what was recorded meanwhile."""

import http.server
import threading
from functools import partial

import av
import numpy as np
import pandas as pd
import pytest
from commands import NO_MODELS

from facestats.batch.collection import analyze_collection


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def address(demo_video):
    """Address of a local server that serves the demonstration video."""
    handler = partial(Quiet, directory=demo_video.path.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://someone:secret@127.0.0.1:{server.server_address[1]}/{demo_video.path.name}"
        server.shutdown()
        thread.join()


def test_a_stream_is_analysed_and_its_clip_drawn(address, tmp_path):
    result = analyze_collection(address, out=tmp_path / "s", limit_s=2.0, models=NO_MODELS, progress=False)
    assert result.exit_code == 0
    video = result.store.videos().iloc[0]
    assert video["status"] == "ok"
    assert pd.isna(video["sha256"])
    assert video["duration_s"] == pytest.approx(2.0, abs=0.05)
    assert len(result.store.tracks()) == 2
    assert "secret" not in video["path"]
    assert "secret" not in "".join(path.read_text() for path in (tmp_path / "s").rglob("*.json"))
    with av.open(str(result.store.clip_path(video["video_id"]))) as clip:
        times = [frame.time for frame in clip.decode(video=0)]
    assert len(times) == video["n_frames"]
    assert np.isin(result.store.frames()["time_s"].round(3), np.round(times, 3)).all()
