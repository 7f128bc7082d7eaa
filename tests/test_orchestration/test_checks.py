"""Checks that guard publication, on marts of some rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.churn_checks import the_churn_champion_was_judged_on_a_complete_window
from orchestration.staging import WritingRun


@pytest.mark.parametrize(
    ("end_of_data", "missing_days"),
    [("2018-08-28", 0), ("2018-08-27", 1), ("2018-06-01", 88), ("2018-12-01", 0)],
)
def test_a_test_window_is_complete_only_if_the_data_last_until_its_end(
    tmp_path, end_of_data, missing_days
):
    """From 1 March 180 days end before 28 August, however late the as-of date is."""
    path: Path = tmp_path / "regulars.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.churn_verdict as select date '2019-06-01' as as_of_date, "
            "date '2018-03-01' as test_date, 180 as label_window_days, 'champion' as status"
        )
        connection.execute(
            "create table marts.build_info as select date '2019-06-01' as as_of_date, "
            f"date '{end_of_data}' as end_of_data_date"
        )
    result = the_churn_champion_was_judged_on_a_complete_window(warehouse=WritingRun(path))
    assert result.metadata["value"].value == missing_days
    assert result.passed == (missing_days == 0)
