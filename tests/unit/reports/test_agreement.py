import pandas as pd
from stores import FACES, make_result

from facestats.reports.agreement import agreement_page
from facestats.store.annotation.intervals import intervals_of
from facestats.tables.agreement import agreement

COLUMNS = ["tier", "track_id", "start_s", "end_s", "label"]


def test_the_page_says_the_figures_and_escapes_names():
    found = intervals_of(make_result("a", FACES, path="a.mp4"))
    hand = pd.DataFrame(
        [("face 1", pd.NA, 1.0, 3.0, "neutral"), ("face 1", pd.NA, 5.0, 6.0, "<b>contempt</b>")], columns=COLUMNS
    )
    page = agreement_page(agreement(hand, found), video="a&b.mp4", annotations="<hand>.eaf")
    assert "Both say the same in 67\N{NO-BREAK SPACE}% of the time" in page
    assert "&lt;b&gt;contempt&lt;/b&gt;" in page
    assert "<b>contempt" not in page
    assert "&lt;hand&gt;.eaf beside a&amp;b.mp4" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_page_of_what_was_never_answered_says_so():
    found = intervals_of(make_result("a", FACES, path="a.mp4"))
    hand = pd.DataFrame([("face 4", pd.NA, 2.0, 3.0, "fear")], columns=COLUMNS)
    page = agreement_page(agreement(hand, found), video="a.mp4", annotations="hand.csv")
    assert "No expression was found for what was annotated." in page
