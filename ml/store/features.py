"""What fits learn from: features, labels, dates and the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from ml.features import FeatureMatrix, FeatureRule, LabelledMatrix
from ml.store.connection import (
    StoreError,
    fetch,
    read_table,
    to_matrix,
)

if TYPE_CHECKING:
    from ml.churn.protocol import ChurnProtocol
    from ml.splits import OrderHistory


def read_feature_rules(connection: duckdb.DuckDBPyConnection, purpose: str) -> list[FeatureRule]:
    """The features of a purpose that the shop's source can supply, by name.

    What it cannot supply is null in every snapshot and left out of the models.

    Args:
        connection: an open warehouse.
        purpose: ``segmentation`` or ``churn``.

    Raises:
        StoreError: the catalog is not there, or names none for this purpose.
    """
    rows = fetch(
        connection,
        f"""
        select feature_name, transform, null_rule
        from features.supplied_features
        where is_{purpose}_feature
        order by feature_name
        """,
    )
    if not rows:
        raise StoreError(
            f"seeds/feature_catalog.csv marks no feature that the source can supply with "
            f"is_{purpose}_feature; mark at least two and run `dbt build`"
        )
    return [FeatureRule(**row) for row in rows]


def read_as_of_date(connection: duckdb.DuckDBPyConnection) -> date:
    """The as-of date that the features were last built for."""
    (row,) = fetch(connection, "select max(as_of_date) as as_of_date from features.as_of_dates")
    if row["as_of_date"] is None:
        raise StoreError("features.as_of_dates is empty; run `dbt build` or `regulars build`")
    as_of_date: date = row["as_of_date"]
    return as_of_date


def read_complete_dates(
    connection: duckdb.DuckDBPyConnection, label_window_days: int
) -> list[date]:
    """As-of dates whose label windows are complete, ascending."""
    rows = fetch(
        connection,
        """
        select distinct as_of_date from features.customer_labels
        where is_label_complete and label_window_days = ? order by as_of_date
        """,
        [label_window_days],
    )
    return [row["as_of_date"] for row in rows]


def read_order_history(connection: duckdb.DuckDBPyConnection) -> OrderHistory:
    """From when to when there are orders, and as of which dates there are labels."""
    from ml.splits import OrderHistory

    (data,) = fetch(
        connection, "select first_order_date, end_of_data_date from features.data_range"
    )
    rows = fetch(
        connection, "select distinct as_of_date from features.customer_labels order by as_of_date"
    )
    days = tuple(row["as_of_date"] for row in rows)
    return OrderHistory(data["first_order_date"], data["end_of_data_date"], days)


def count_orders(connection: duckdb.DuckDBPyConnection, begin: date, end: date) -> int:
    """Orders from one day on and before another, whether the marts know of them or not."""
    (row,) = fetch(
        connection,
        "select count(*) as order_count from canonical.orders "
        "where ordered_at >= ? and ordered_at < ?",
        [begin, end],
    )
    return int(row["order_count"])


def read_label_windows(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Label windows that the warehouse has labels for, in days, ascending."""
    rows = fetch(
        connection, "select distinct label_window_days from features.customer_labels order by 1"
    )
    return [int(row["label_window_days"]) for row in rows]


def require_label_window(connection: duckdb.DuckDBPyConnection, days: int) -> int:
    """The label window to learn from, if the warehouse has labels for it.

    Args:
        connection: an open warehouse.
        days: length of the window.

    Raises:
        StoreError: the warehouse has no such labels.
    """
    windows = read_label_windows(connection)
    if days not in windows:
        listed = ", ".join(str(window) for window in windows) or "none"
        raise StoreError(
            f"features.customer_labels has no label window of {days} days, it has {listed}; add "
            "it to label_window_days in dbt_project.yml and build again, or name another one as "
            "label_window_days of the fit"
        )
    return days


def read_churn_protocol(connection: duckdb.DuckDBPyConnection) -> ChurnProtocol:
    """How churn models are fitted and judged, as dbt_project.yml says.

    Raises:
        StoreError: the features are not built.
    """
    from ml.churn.protocol import ChurnProtocol

    stated = ("training_dates", "test_date")
    names = [field.name for field in fields(ChurnProtocol) if field.name not in stated]
    columns = ", ".join([*(f"cast({name} as double) as {name}" for name in names), *stated])
    rows = fetch(connection, f"select {columns} from features.churn_protocol")
    if not rows:
        raise StoreError("features.churn_protocol is empty; run `dbt build` or `regulars build`")
    (row,) = rows
    counts = {name: int(row[name]) for name in names if name.endswith(("_days", "_count"))}
    days = tuple(
        date.fromisoformat(day.strip()) for day in (row["training_dates"] or "").split(",") if day
    )
    return ChurnProtocol(**{**row, **counts, "training_dates": days})


def read_features(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_date: date,
    *,
    is_shuffled: bool = False,
) -> FeatureMatrix:
    """Everybody's features as of a date.

    Args:
        connection: an open warehouse.
        feature_names: the columns, in this order.
        as_of_date: of the snapshot.
        is_shuffled: rows by a digest of the customer id, an order as good as random in which
            everybody keeps their place when somebody comes; else by the id itself.
    """
    order = "md5(customer_id), customer_id" if is_shuffled else "customer_id"
    columns = ", ".join(f"cast({name} as double) as {name}" for name in feature_names)
    table = read_table(
        connection,
        f"""
        select {columns} from features.customer_feature_snapshots
        where as_of_date = ? order by {order}
        """,
        [as_of_date],
    )
    return FeatureMatrix(tuple(feature_names), to_matrix(table))


def read_labelled_features(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_dates: Sequence[date],
    label_window_days: int,
) -> LabelledMatrix:
    """Features and labels as of some dates; only complete label windows are read.

    Raises:
        StoreError: no row has a complete label window, or a complete one has no label.
    """
    columns = ", ".join(f"cast(snapshots.{name} as double) as {name}" for name in feature_names)
    table = read_table(
        connection,
        f"""
        select {columns}, labels.is_returning,
            dense_rank() over (order by snapshots.customer_id) as person_number
        from features.customer_feature_snapshots as snapshots
        inner join features.customer_labels as labels
            on snapshots.customer_id = labels.customer_id
            and snapshots.as_of_date = labels.as_of_date
        where labels.is_label_complete
            and labels.label_window_days = ?
            and list_contains(?, snapshots.as_of_date)
        order by snapshots.as_of_date, snapshots.customer_id
        """,
        [label_window_days, list(as_of_dates)],
    )
    if table.num_rows == 0:
        raise StoreError(
            f"no label of {label_window_days} days is complete as of "
            f"{', '.join(str(day) for day in as_of_dates)}; choose an earlier date, or load "
            "later orders"
        )
    unlabelled = table.column("is_returning").null_count
    if unlabelled:
        raise StoreError(
            f"features.customer_labels has {unlabelled} complete windows of {label_window_days} "
            "days without is_returning, expected true or false; mend customer_labels"
        )
    labels = table.column("is_returning").to_numpy().astype(bool)
    matrix = to_matrix(table.select(list(feature_names)))
    people = table.column("person_number").to_numpy().astype(np.int64)
    return LabelledMatrix(FeatureMatrix(tuple(feature_names), matrix), labels, people)


def read_stability_dates(connection: duckdb.DuckDBPyConnection, min_people: int = 1) -> list[date]:
    """Dates of the stability series, ascending; the first one is where models are frozen.

    Args:
        connection: an open warehouse.
        min_people: dates at which fewer were known are left out.
    """
    rows = fetch(
        connection,
        """
        select as_of_date from features.as_of_dates
        where is_stability_date and (
            select count(*) from features.customer_feature_snapshots as snapshots
            where snapshots.as_of_date = as_of_dates.as_of_date
        ) >= ?
        order by as_of_date
        """,
        [min_people],
    )
    return [row["as_of_date"] for row in rows]


def read_features_of_known_people_first(
    connection: duckdb.DuckDBPyConnection,
    feature_names: Sequence[str],
    as_of_date: date,
    known_at: date,
) -> FeatureMatrix:
    """Features as of a date: first of those who were known at an earlier one, each by customer id.

    So the first rows are the same people, in the same order, as of every date.
    """
    columns = ", ".join(f"cast({name} as double) as {name}" for name in feature_names)
    table = read_table(
        connection,
        f"""
        select {columns} from features.customer_feature_snapshots
        where as_of_date = ?
        order by
            customer_id not in (
                select customer_id from features.customer_feature_snapshots where as_of_date = ?
            ),
            customer_id
        """,
        [as_of_date, known_at],
    )
    return FeatureMatrix(tuple(feature_names), to_matrix(table))
