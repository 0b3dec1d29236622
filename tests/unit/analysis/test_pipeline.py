import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest
from commands import NO_MODELS
from faces import make_detections

from facestats.analysis.pipeline import analyze_source, analyzed, failed_result
from facestats.analysis.stages import Stages, load_stages
from facestats.detect import detector_file
from facestats.errors import DeviceError, UnknownNameError, UnreadableInputError
from facestats.models.attributes import ATTRIBUTE_CLASSES
from facestats.models.centerface import quick_identity
from facestats.options import AnalyzeOptions
from facestats.tables import schema
from facestats.types import Detections, Frame, Predictions, VideoInfo
from facestats.video import FrameSource, open_source
from facestats.video.base import DecodedFrame
from facestats.video.identity import Identity


class ListedFrames(FrameSource):
    """A source that is a list of times; ``fails_after`` lets it break off, ``interrupt_after`` plays Ctrl-C."""

    def __init__(self, times, *, kind="video", damage=None, interrupt_after=None):
        super().__init__()
        self.info = VideoInfo("listed", 64, 48, fps=25.0, kind=kind)
        self.times, self.promised, self.interrupt_after = times, damage, interrupt_after

    def _decode(self):
        for i, time_s in enumerate(self.times):
            if i == self.interrupt_after:
                raise KeyboardInterrupt
            yield DecodedFrame(time_s, 0.04, lambda: np.zeros((48, 64, 3), np.uint8))
        self.tally.ending = self.promised

    def close(self):
        pass


class FixedDetector:
    """Finds one face in every frame, moving slowly."""

    name = "fixed"

    def __init__(self, *sides):
        self.sides = sides or (30.0,)
        self.n_calls = 0

    def detect(self, images):
        self.n_calls += 1
        x = float(self.n_calls)
        return [make_detections(*[(x, 2, x + side, 2 + side) for side in self.sides]) for _ in images]


def run(source, detector=None, classifiers=(), **options):
    stages = Stages(AnalyzeOptions(**options), (detector or FixedDetector(),), tuple(classifiers), {}, {})
    return analyze_source(source, Identity("v"), stages)


def check(result):
    for table in schema.TABLES:
        schema.validate(table, getattr(result, table))
    return result


def test_times_and_frames_are_the_sources_own():
    times = [1.0, 1.02, 1.5, 1.51, 1.52, 3.0]
    result = check(run(ListedFrames(times), rate=0))
    assert result.frames["time_s"].tolist() == times
    assert result.frames["frame"].tolist() == [0, 1, 2, 3, 4, 5]
    assert result.videos["duration_s"].item() == pytest.approx(2.04)
    assert result.videos["n_frames"].item() == result.videos["n_sampled"].item() == 6


def test_a_clock_that_repeats_or_runs_backwards_loses_no_face_and_is_noted():
    result = check(run(ListedFrames([0.0, 0.1, 0.1, 0.2, 0.15, 0.3, 0.4]), rate=0))
    assert result.videos["clock_note"].item() == "2 of 7 timestamps repeat or run backwards"
    assert result.tracks["n_observations"].tolist() == [7]
    assert result.tracks[["start_s", "end_s"]].to_numpy().tolist() == [[0.0, 0.4]]
    assert check(run(ListedFrames([0.0, 0.1]), rate=0)).videos["clock_note"].isna().all()


def test_the_rate_decides_how_many_frames_are_looked_at_not_how_many_are_counted():
    detector = FixedDetector()
    result = check(run(ListedFrames([i / 25 for i in range(50)]), detector, rate=5))
    assert result.videos["n_frames"].item() == 50
    assert result.videos["n_sampled"].item() == detector.n_calls == 10
    assert result.tracks["n_observations"].tolist() == [10]


def test_a_source_that_breaks_off_keeps_what_it_gave():
    result = check(run(ListedFrames([0.0, 0.04, 0.08], damage="ended after 3 of 90 frames"), rate=0))
    assert (result.status, result.error) == ("partial", "ended after 3 of 90 frames")
    assert len(result.frames) == 3


def test_a_source_without_frames_is_unreadable():
    with pytest.raises(UnreadableInputError, match="no readable frame"):
        run(ListedFrames([]))


def test_no_faces_gives_empty_tables_with_all_columns():
    class Blind:
        name = "blind"

        def detect(self, images):
            return [Detections.empty() for _ in images]

    result = check(run(ListedFrames([0.0, 0.2]), Blind()))
    assert result.observations.empty
    assert result.tracks.empty
    assert result.frames["n_faces"].tolist() == [0, 0]
    assert result.status == "ok"


class Judge:
    """Calls every face that it may judge female, and counts them."""

    def __init__(self, attribute="gender", smallest_face=20.0, input_size=48):
        self.attributes, self.smallest_face, self.input_size = (attribute,), smallest_face, input_size
        self.classes = ATTRIBUTE_CLASSES[attribute]
        self.shapes = []

    def classify(self, images, pixels=None):
        assert len(images) == len(pixels)
        self.shapes.append(images.shape)
        sure = np.tile(np.eye(len(self.classes), dtype=np.float32)[0], (len(images), 1))
        return {self.attributes[0]: Predictions(self.attributes[0], self.classes, sure)}


def measured(observations, attribute):
    return observations[list(schema.probability_columns(attribute))].notna().all(axis=1)


def test_small_faces_are_dropped_below_min_face():
    result = check(run(ListedFrames([0.0, 0.1, 0.2]), FixedDetector(8.0, 15.0, 30.0), rate=0, min_face=12))
    assert sorted(result.observations["face_px"].unique()) == [15, 30]
    assert not result.observations["classified"].any()  # no models were loaded


@pytest.mark.parametrize(("smallest", "judged"), [(20.0, [30]), (0.0, [15, 30])])
def test_a_model_judges_no_smaller_faces_than_it_may(smallest, judged):
    frames, faces = ListedFrames([0.0, 0.1, 0.2]), FixedDetector(15.0, 30.0)
    observations = check(
        run(frames, faces, classifiers=(Judge(smallest_face=smallest),), rate=0, every_sample=True)
    ).observations
    assert sorted(observations.loc[observations["classified"], "face_px"].unique()) == judged
    assert sorted(observations.loc[measured(observations, "gender"), "face_px"].unique()) == judged


class GrowingFace(FixedDetector):
    """One face that is a pixel larger in every frame."""

    def detect(self, images):
        self.sides = (self.sides[0] + 1,)
        return super().detect(images)


def test_no_look_is_spent_on_a_face_too_small_to_be_judged():
    """Else the wait for the next look would have grown before the first that counts."""
    judge, times = Judge(smallest_face=20.0), [i / 10 for i in range(9)]
    observations = run(ListedFrames(times), GrowingFace(14.0), classifiers=(judge,), rate=0).observations
    first = observations[observations["face_px"] >= 20].iloc[0]
    assert first["face_px"] == 20
    assert measured(observations, "gender")[first.name]


def test_each_model_has_a_limit_and_a_size_of_its_own():
    careful, bold = Judge("gender", 20.0, input_size=64), Judge("expression", 0.0)
    observations = check(
        run(ListedFrames([0.0, 0.1]), FixedDetector(15.0, 30.0), classifiers=(careful, bold), rate=0, every_sample=True)
    ).observations
    assert observations["classified"].all()
    assert measured(observations, "expression").all()
    assert (measured(observations, "gender") == (observations["face_px"] >= 20)).all()
    assert {shape[1:] for shape in careful.shapes} == {(64, 64, 3)}
    assert {shape[1:] for shape in bold.shapes} == {(48, 48, 3)}


def test_every_face_of_a_still_is_its_own_track():
    result = check(run(ListedFrames([0.0], kind="image"), FixedDetector(20.0, 30.0)))
    assert result.tracks["track_id"].tolist() == [0, 1]
    assert result.tracks["duration_s"].tolist() == [0, 0]
    assert result.videos["duration_s"].item() == 0


def test_a_video_of_one_frame_is_judged_like_a_still():
    result = check(run(ListedFrames([3.0]), FixedDetector(20.0, 30.0)))
    assert result.tracks["track_id"].tolist() == [0, 1]
    assert result.thumbnails["track_id"].tolist() == [0, 1]
    assert run(ListedFrames([3.0]), FixedDetector(20.0), blur=True).thumbnails.empty


def test_interrupting_a_camera_keeps_what_it_saw_but_a_file_is_interrupted():
    times = [i / 10 for i in range(9)]
    result = check(run(ListedFrames(times, kind="camera", interrupt_after=4), rate=0))
    assert len(result.frames) == 4
    with pytest.raises(KeyboardInterrupt):
        run(ListedFrames(times, interrupt_after=4), rate=0)


def test_blur_and_no_thumbnails_keep_no_pictures():
    times = [0.0, 0.1, 0.2]
    assert len(run(ListedFrames(times), rate=0).thumbnails) == 1
    assert run(ListedFrames(times), rate=0, blur=True).thumbnails.empty
    assert run(ListedFrames(times), rate=0, thumbnails=False).thumbnails.empty


def test_the_callback_sees_every_sampled_frame():
    seen = []
    analyze_source(
        ListedFrames([0.0, 0.1, 0.2]), Identity("v"), Stages(AnalyzeOptions(rate=0), (FixedDetector(),), (), {}, {}),
        on_frame=lambda frame, found, ids, n: seen.append((frame.index, len(found.detections), ids.tolist(), n)),
    )  # fmt: skip
    assert seen == [(0, 1, [0], 1), (1, 1, [0], 2), (2, 1, [0], 3)]


def test_a_failed_result_follows_the_schema_too():
    result = check(failed_result(Identity("v"), "v.mp4", "no video stream", datetime.now(UTC)))
    assert (result.status, result.error, result.videos["n_frames"].item()) == ("failed", "no video stream", 0)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"device": "tpu"}, DeviceError),
        ({"tracker": "sort"}, UnknownNameError),
        ({"detector": "haar"}, UnknownNameError),
        ({"models": {"gender": "absent"}}, UnknownNameError),
        ({"models": {"identity": "none"}}, UnknownNameError),
    ],
)
def test_wrong_names_are_refused_before_anything_is_read(options, error):
    with pytest.raises(error):
        load_stages(AnalyzeOptions(**options))


def test_attributes_can_be_left_out():
    stages = load_stages(AnalyzeOptions(models=NO_MODELS, people=False))
    assert stages.classifiers == ()
    assert set(stages.models) == {"detector", "faceness"}


@pytest.mark.parametrize("name", ["fast", "centerface"])
def test_the_very_detector_is_on_record(name):
    stages = load_stages(AnalyzeOptions(models=NO_MODELS, detector=name))
    expected = {"name": name, "sha256": hashlib.sha256(detector_file(name).read_bytes()).hexdigest()}
    if name == "centerface":  # has quicker weights besides
        expected["card"] = quick_identity()
    assert stages.models["detector"] == expected


def test_a_frame_is_named_by_the_decoder_not_by_the_sampler():
    frames = list(ListedFrames([0.0, 0.01, 0.02, 0.5]).frames(rate=10))
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0), (3, 0.5)]
    assert isinstance(frames[0], Frame)


def test_a_file_may_be_stopped_by_hand_and_keeps_what_was_seen(demo_video):
    stages = load_stages(AnalyzeOptions(models=NO_MODELS))

    def stop(frame, found, ids, n_decoded):
        if frame.time_s >= 3.0:
            raise KeyboardInterrupt

    def run(stoppable):
        with (
            open_source(demo_video.path) as source,
            analyzed(source, Identity("v"), stages, on_frame=stop, stoppable=stoppable) as found,
        ):
            return found.is_stopped, found.collected()

    is_stopped, result = run(True)
    assert is_stopped
    assert result.status == "partial"
    assert "stopped by hand" in result.error
    assert len(result.tracks) >= 2  # a badge has not proved to be none yet
    assert 2.0 <= result.frames["time_s"].max() <= 3.0
    with pytest.raises(KeyboardInterrupt):
        run(False)


class FixedJudge:
    """Says of every detection the same."""

    def __init__(self, said):
        self.said, self.n_asked = said, 0

    def judge(self, rgb, boxes):
        self.n_asked += len(boxes)
        return np.full(len(boxes), self.said, np.float32)


@pytest.mark.parametrize(("said", "counts"), [(0.999, True), (0.001, False)])
def test_a_second_look_decides_what_the_detector_leaves_open(said, counts):
    judge = FixedJudge(said)
    stages = Stages(AnalyzeOptions(rate=0), (FixedDetector(),), (), {}, {}, judge=judge)
    times = (np.arange(100) / 10).tolist()
    result = check(analyze_source(ListedFrames(times), Identity("v"), stages))
    assert len(result.tracks) == counts
    assert len(result.doubtful) == (not counts)
    assert 4 <= judge.n_asked < 12  # a few of them, not all
    if counts:
        assert result.observations["faceness"].notna().sum() == judge.n_asked


def test_a_still_is_spared_a_second_look_that_would_say_nothing():
    found = {}
    for kind in ("image", "video"):
        judge = FixedJudge(0.001)
        stages = Stages(AnalyzeOptions(), (FixedDetector(20.0, 30.0),), (), {}, {}, judge=judge)
        found[kind] = check(analyze_source(ListedFrames([0.0], kind=kind), Identity("v"), stages))
        assert judge.n_asked == {"image": 0, "video": 2}[kind]
    columns = ["track_id", "face_prob", "n_observations"]
    assert found["image"].tracks[columns].equals(found["video"].tracks[columns])
    assert len(found["image"].tracks) == 2


def test_without_tracks_nothing_is_judged():
    assert load_stages(AnalyzeOptions(tracker="none", models=NO_MODELS)).judge is None
