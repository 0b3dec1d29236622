import pytest

from facestats.reports.months import months_of
from facestats.reports.summary import Summary


def seen(day, *, recorded="", faces=1, seen_s=10.0, **shares):
    return Summary(analysed_on=day, recorded_on=recorded, n_faces=faces, seen_s=seen_s, shares=shares)


def test_one_month_is_no_trend():
    assert months_of([]) == ([], "")
    assert months_of([seen("2026-11-01"), seen("2026-11-30")]) == ([], "")


def test_months_have_their_videos_faces_and_shares_the_newest_first():
    months, note = months_of(
        [
            seen("2026-10-31", faces=2, seen_s=30.0, happiness=1.0),
            seen("2026-10-01", faces=3, seen_s=10.0, neutral=1.0),
            seen("2026-12-24", faces=0, seen_s=0.0),
        ]
    )
    assert [(month.name, month.n_videos, month.n_faces) for month in months] == [("2026-12", 1, 0), ("2026-10", 2, 5)]
    assert months[0].shares == {}
    assert months[1].shares["happiness"] == pytest.approx(0.75)
    assert sum(months[1].shares.values()) == pytest.approx(1)
    assert note == "By the month of analysis."


def test_the_month_of_recording_counts_where_most_files_tell_it():
    told = [seen("2026-11-02", recorded="2026-08-01"), seen("2026-11-02", recorded="2026-09-01")]
    months, note = months_of([*told, seen("2026-11-02")])
    assert [month.name for month in months] == ["2026-09", "2026-08"]
    assert note == "By the month of recording. One video does not tell when that was."
    months, note = months_of([*told, seen("2026-11-02"), seen("2026-10-02")])
    assert [month.name for month in months] == ["2026-11", "2026-10"]
    assert note == "By the month of analysis."
