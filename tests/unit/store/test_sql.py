import pytest
from stores import make_store

from facestats.errors import UsageError


@pytest.mark.parametrize(
    "query",
    [
        "delete from tracks",
        "drop table tracks",
        "create table t as select 1",
        "insert into tracks select * from tracks",
        "copy tracks to '{folder}/stolen.csv'",
        "select 1; drop view tracks",
        "attach '{folder}/other.db'",
        "select * from read_csv('{folder}/secret.csv')",
        "set enable_external_access = true",
        "select nothing from tracks",
        "",
    ],
)
def test_statements_that_write_are_refused(tmp_path, query):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    store = make_store(tmp_path / "store")
    with pytest.raises(UsageError) as caught:
        store.sql(query.format(folder=tmp_path))
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv", "store"]
    assert len(store.tracks()) >= 1
