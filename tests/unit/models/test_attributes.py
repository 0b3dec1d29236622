import pytest

from facestats.errors import ModelError
from facestats.models import attributes
from facestats.models.attributes import ATTRIBUTE_CLASSES, BUILT_IN, RESERVED, VERDICT_COLUMNS, declare, own_attributes
from facestats.tables import schema


@pytest.fixture(autouse=True)
def forgotten():
    yield
    attributes.forget_declared()


def test_a_declared_attribute_has_classes_columns_and_a_verdict():
    before = {table: len(columns) for table, columns in schema.TABLES.items()}
    declare("mask", ("worn", "none", "half"))
    declare("mask", ["worn", "none", "half"])  # twice is once
    assert own_attributes() == ("mask",)
    assert ATTRIBUTE_CLASSES["mask"] == ("worn", "none", "half")
    assert [column.name for column in schema.columns("observations")[-3:]] == ["mask_worn", "mask_none", "mask_half"]
    verdict, probability, *_ = schema.columns("tracks")[-5:]
    assert schema.columns("people")[-5:] == schema.columns("tracks")[-5:]
    assert (verdict.name, verdict.classes) == ("mask", ("worn", "none", "half", "unknown"))
    assert (probability.name, probability.is_share) == ("mask_prob", True)
    attributes.forget_declared()
    assert {table: len(columns) for table, columns in schema.TABLES.items()} == before
    assert tuple(VERDICT_COLUMNS) != ()
    assert set(ATTRIBUTE_CLASSES) == set(BUILT_IN) == set(VERDICT_COLUMNS)


@pytest.mark.parametrize(
    ("name", "classes", "told"),
    [
        ("Mask", ("a", "b"), "must be a name of small letters"),
        ("2mask", ("a", "b"), "must be a name of small letters"),
        ("track", ("a", "b"), "would be taken for another column"),
        ("age_of_hat", ("a", "b"), "would be taken for another column"),
        ("mask", ("a",), "at least two"),
        ("mask", ("a", "a"), "at least two"),
        ("mask", ("a", "B c"), "a class cannot be called 'B c'"),
        ("mask", ("a", "unknown"), "a class cannot be called 'unknown'"),
    ],
)
def test_names_that_will_not_do(name, classes, told):
    with pytest.raises(ModelError, match=told):
        declare(name, classes)
    assert own_attributes() == ()


def test_other_classes_of_the_same_attribute_are_refused():
    declare("mask", ("worn", "none"))
    with pytest.raises(ModelError, match="has the classes worn, none here, and on, off there"):
        declare("mask", ("on", "off"))


def test_no_own_attribute_can_have_the_name_of_a_column():
    words = {column.name.split("_")[0] for columns in schema.TABLES.values() for column in columns}
    exported = {schema.FILE.name, *(column.name for column in schema.UTC_COLUMNS.values())}
    words |= {name.split("_")[0] for name in exported}
    words |= {column.name.split("_")[0] for columns in schema.DERIVED.values() for column in columns}
    assert words <= RESERVED
