import io
import json
import time

from facestats._util.progress import Style, bar, is_hidden, shown


def lines_of(style, *, every_s=0.05, waits=0.3):
    file = io.StringIO()
    with shown(style, file=file, every_s=every_s):
        with bar(total=4, desc="videos", unit="video") as videos, bar(desc="v00", unit="frame") as frames:
            videos.update(1)
            frames.update(3000)
            time.sleep(waits)
        assert is_hidden(True) is True
    return file.getvalue().splitlines()


def test_lines_name_what_is_under_way():
    lines = lines_of(Style.LINES)
    assert 1 <= len(lines) <= 6
    assert lines[0].startswith("facestats: after 00:00: videos: video 1 of 4, 00:0")
    assert lines[0].endswith("left; v00: frame 3,000")


def test_json_is_one_object_a_line_and_ends_without_bars():
    told = [json.loads(line) for line in lines_of(Style.JSON)]
    assert {one["event"] for one in told} == {"progress"}
    first = told[0]["bars"][0]
    assert (first["what"], first["done"], first["total"], first["unit"]) == ("videos", 1, 4, "video")
    assert first["left_s"] >= 0
    assert told[-1]["bars"] == []


def test_nothing_is_nothing_and_bars_are_left_to_tqdm():
    assert lines_of(Style.NONE, waits=0) == lines_of(Style.NONE, waits=0) == []
    with shown(Style.BARS):
        assert is_hidden(None) is None


def test_what_is_told_not_to_show_is_not_shown():
    file = io.StringIO()
    with shown(Style.JSON, file=file, every_s=60):
        assert bar("ab", progress=False).disable
    assert json.loads(file.getvalue())["bars"] == []


def test_who_reads_may_go():
    file = io.StringIO()
    file.close()
    with shown(Style.JSON, file=file, every_s=0.01):
        time.sleep(0.05)
