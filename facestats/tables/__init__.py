"""The tables: schema, building, verdicts, shares."""
