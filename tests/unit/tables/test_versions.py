"""Versions of the tables: what is read, and under which names."""

from facestats.tables import schema
from facestats.tables.versions import READABLE_VERSIONS, SCHEMA_VERSION, SINCE, former_names


def test_the_present_version_is_read_and_has_no_former_names():
    assert max(READABLE_VERSIONS) == SCHEMA_VERSION
    assert all(former_names(table, SCHEMA_VERSION) == {} for table in schema.TABLES)


def test_former_names_lead_to_columns_that_are_there_and_are_there_no_more():
    for table in schema.TABLES:
        names = {column.name for column in schema.columns(table)}
        for version in READABLE_VERSIONS:
            former = former_names(table, version)
            assert former.keys() <= names
            assert not set(former.values()) & names


def test_tables_that_came_later_are_tables():
    assert set(SINCE) <= set(schema.TABLES)
    assert set(SINCE.values()) <= set(READABLE_VERSIONS)


def test_what_is_called_a_probability_is_one_and_what_is_called_a_share_is_one():
    for table in (*schema.TABLES, *schema.DERIVED):
        for column in schema.TABLES.get(table, ()) or schema.DERIVED[table]:
            if column.name.endswith("_prob"):
                assert "probability" in column.meaning, (table, column)
                assert "share" not in column.meaning, (table, column)
            if "share" in column.name:
                assert "share" in column.meaning, (table, column)
                assert "probability" not in column.meaning, (table, column)
