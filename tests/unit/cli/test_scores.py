from facestats.cli.scores import attribute_table, detector_table, people_table, tracking_table


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


def test_people_have_a_block_for_each_source():
    videos = {"n_cast": 9, "n_videos": 60, "f1": 0.9, "counted_within_1": 0.8, "interval_holds": 0.9, "ece": 0.03}
    one = {"n": 2061, "n_people": 1010, "auc": 0.973, "auc_small": 0.958, "videos": videos}
    other = {"n": 3, "n_people": 3, "auc": None, "auc_small": None, "videos": None}
    lines = people_table({"sources": {"lfw": one, "mine": other}, "n_missed": 2}).splitlines()
    assert lines[0] == "lfw"
    assert ["pairwise", "F1", "0.900"] in [line.split() for line in lines]
    assert lines[lines.index("mine") + 3].split()[-1] == "-"
    assert lines[-2].strip().startswith("fewer than eight people")
    assert lines[-1] == "left out, as no face was found in them: 2 pictures"
