from facestats.cli.scores import attribute_table, detector_table, tracking_table


def test_tracking_has_counts_shares_and_a_dash_for_what_could_not_be_measured():
    names = ("deta", "assa", "idf1", "mota", "id_switches", "fragmentations", "recall", "precision")
    scores = dict.fromkeys((*names, "covered_by_one_id", "n_found", "n_people", "n_tracks"), 1)
    lines = tracking_table({**scores, "hota": 0.51251, "recall": None, "n_true": 12345}).splitlines()
    assert len(lines) == 14
    assert lines[0].split() == ["HOTA", "0.513"]
    assert lines[7].split() == ["recall", "-"]
    assert lines[10].split()[-1] == "12,345"


def test_detection_has_a_line_for_each_size():
    table = detector_table({"ap": 1, "ap_by_size": {"under_16": None, "over_96": 0.5}, "ms": 1250.5, "n": 2000})
    lines = [line.split() for line in table.splitlines()]
    assert lines[0] == ["average", "precision", "1.000"]
    assert ["milliseconds", "an", "image", "1250.500"] in lines
    assert ["images", "2,000"] in lines
    assert lines[-2][2:] == ["under", "16", "pixels", "-"]
    assert lines[-1][2:] == ["over", "96", "pixels", "0.500"]


def test_detection_has_recall_by_size_where_it_was_measured():
    table = detector_table({"ap": 1, "ap_by_size": {"over_96": 0.5}, "recall_by_size": {"over_96": 0.25}})
    assert [line.strip() for line in table.splitlines()[1:]] == [
        "recall, over 96 pixels                     0.250",
        "average precision, over 96 pixels          0.500",
    ]


def test_an_attribute_has_its_confusion():
    confusion = {"classes": ["female", "male"], "matrix": [[3, 1], [0, 4]]}
    table = attribute_table({"n": 8, "mae": None, "accuracy": 0.875, "groups": {}, "confusion": confusion})
    assert "years" not in table
    assert table.splitlines()[-1].split() == ["male", "0", "4"]
