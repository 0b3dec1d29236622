from facestats.store.published import note_folder, report_folders


def test_a_folder_that_is_away_for_a_while_stays_noted(tmp_path):
    store, disk, other = (tmp_path / name for name in ("store", "disk", "other"))
    for folder in (store, disk, other):
        folder.mkdir()
    note_folder(store, disk)
    disk.rename(tmp_path / "away")
    assert report_folders(store) == []
    note_folder(store, other)
    assert report_folders(store) == [other]
    (tmp_path / "away").rename(disk)
    assert report_folders(store) == [disk, other]
    note_folder(store, disk)
    assert report_folders(store) == [disk, other]
