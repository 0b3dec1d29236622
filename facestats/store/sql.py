"""SQL over the tables of a store, by DuckDB: to read, never to write."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd
import pyarrow.dataset as ds

from facestats.errors import UsageError


def answer(query: str, tables: Mapping[str, pd.DataFrame | ds.Dataset]) -> pd.DataFrame:
    """Answer one SELECT.

    Columns and rows that the query does not need are not read from disk. The query reaches nothing but the tables.

    Parameters
    ----------
    query : str
    tables : mapping of str to pandas.DataFrame or pyarrow.dataset.Dataset
        What the query may name.

    Raises
    ------
    UsageError
        If it is not one SELECT, or DuckDB does not understand it.

    Examples
    --------
    >>> answer("select sum(a) as total from numbers", {"numbers": pd.DataFrame({"a": [1, 2]})})["total"].tolist()
    [3.0]
    """
    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        try:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UsageError("the store can only be read: give one SELECT statement")
            for name, table in tables.items():
                connection.register(name, table)
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            return connection.execute(statements[0]).df()
        except duckdb.Error as error:
            raise UsageError(f"the query cannot be answered: {str(error).splitlines()[0]}") from None
