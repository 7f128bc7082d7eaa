"""What follows from a shop's history: its as-of date, and the protocol of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from orchestration.errors import InputError
from orchestration.loading.expectations import read_project_variables
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.tables import mapped_source
from orchestration.loading.usual_range import usual_range

# The longest of these in which neither nearly everybody nor nearly nobody comes back.
LABEL_WINDOWS = (365, 180, 90, 60, 30)
DEFAULT_LABEL_WINDOW = 90
MIN_RETURN_SHARE, MAX_RETURN_SHARE = 0.05, 0.95
# Of the median amount of an order: what a customer who comes back is worth, where nobody says it.
MARGIN_SHARE = 0.25


@dataclass(frozen=True)
class LabelWindow:
    """Days in which a customer returns or not.

    Attributes:
        days: so many.
        reason: why, in a sentence.
    """

    days: int
    reason: str


def record_settings(connection: duckdb.DuckDBPyConnection, mapping: ShopMapping) -> None:
    """Work out the settings of the loaded shop, and write them into ``raw.shop_settings``.

    Args:
        connection: a writable one, with the filled tables in schema ``raw``.
        mapping: what it states comes before what the history says.

    Raises:
        InputError: no order names its customer.
    """
    protocol = mapping.protocol
    _require_customers(connection)
    first, last = find_order_range(connection)
    as_of_date = protocol.as_of_date or last + timedelta(days=1)
    variables = read_project_variables()
    defaults = variables["settings_before_the_load"]
    years = int(variables["max_window_years"])
    earliest = date(as_of_date.year - years, as_of_date.month, 1)
    start = protocol.window_start_date or max(first, earliest)
    window = choose_label_window(connection, start, min(as_of_date, last + timedelta(days=1)))
    if protocol.label_window_days is not None:
        window = LabelWindow(protocol.label_window_days, "shop.yml says so.")
    dates = ", ".join(day.isoformat() for day in protocol.training_dates or ())
    connection.execute(
        """
        create or replace table raw.shop_settings as
        select
            cast($as_of_date as date) as as_of_date,
            cast($start as date) as window_start_date,
            cast($currency as varchar) as currency_code,
            cast($days as integer) as churn_label_window_days,
            cast($reason as varchar) as churn_label_window_reason,
            cast($dates as varchar) as training_dates,
            cast($test_date as date) as test_date,
            cast($bound as double) as most_plausible_roc_auc,
            cast($gain as double) as most_plausible_roc_auc_gain,
            cast($contact_cost as decimal(18, 2)) as contact_cost_amount,
            cast(
                coalesce(
                    $return_value,
                    $margin * median(coalesce(item_amount, paid_amount, total_amount)),
                    0
                ) as decimal(18, 2)
            ) as return_value_amount,
            cast($is_subtracted as boolean) as is_order_discount_subtracted
        from raw.orders where is_valid_order
        """,
        {
            "as_of_date": as_of_date,
            "start": start,
            "currency": mapping.currency,
            "days": window.days,
            "reason": window.reason,
            "dates": dates or None,
            "test_date": protocol.test_date,
            "bound": protocol.max_auc or defaults["most_plausible_roc_auc"],
            "gain": None if protocol.max_auc else defaults["most_plausible_roc_auc_gain"],
            "contact_cost": (
                defaults["contact_cost_amount"]
                if protocol.contact_cost_amount is None
                else protocol.contact_cost_amount
            ),
            "return_value": protocol.return_value_amount,
            "margin": MARGIN_SHARE,
            "is_subtracted": mapping.money.order_discount != "included",
        },
    )


def _require_customers(connection: duckdb.DuckDBPyConnection) -> None:
    ((count, known_count),) = connection.execute(
        "select count(*), count(customer_id) from raw.orders"
    ).fetchall()
    if known_count == 0:
        raise InputError(
            f"none of the {count:,} orders names its customer, so nobody can come back; see that "
            "customers.keys and the columns of orders name the customer's id, e-mail or phone "
            "number."
        )


def find_order_range(
    connection: duckdb.DuckDBPyConnection, schema: str = "raw"
) -> tuple[date, date]:
    """First and last day with an order, but for those that are dated far away from the others.

    Args:
        connection: with the filled tables, and an order at least.
        schema: of the tables.
    """
    variables = read_project_variables()
    rows = connection.execute(
        f'select cast(ordered_at as date), count(*) from "{schema}".orders group by 1'
    ).fetchall()
    return usual_range(
        dict(rows), int(variables["far_order_gap_days"]), float(variables["far_order_share"])
    )


def find_snapshot_dates(start: date, end: date) -> list[date]:
    """The first of each month from the start of the usable window to before its end.

    Example:
        >>> [str(day) for day in find_snapshot_dates(date(2020, 11, 15), date(2021, 2, 1))]
        ['2020-12-01', '2021-01-01']
    """
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    days = [date(month // 12, month % 12 + 1, 1) for month in months]
    return [day for day in days if start <= day < end]


def find_test_date(dates: Sequence[date], end: date, days: int) -> date | None:
    """The latest date whose label window is complete and after which enough can be learnt.

    Args:
        dates: snapshots, ascending.
        end: of the data, exclusive.
        days: of the label window.

    Returns:
        The test date; none where it would not leave two training dates before it.

    Example:
        >>> dates = find_snapshot_dates(date(2010, 12, 2), date(2011, 12, 10))
        >>> str(find_test_date(dates, date(2011, 12, 10), 90))
        '2011-09-01'
        >>> find_test_date(dates, date(2011, 12, 10), 180) is None
        True
    """
    # It brings scikit-learn, which takes long to import.
    from ml.splits import NotEnoughHistoryError, split_in_time

    protocol = read_project_variables()["source_defaults"][mapped_source()]
    count = int(protocol["churn_training_date_count"])
    try:
        split = split_in_time(
            [day for day in dates if day + timedelta(days=days) <= end],
            label_window_days=days,
            training_date_count=count,
            training_gap_days=int(protocol["churn_training_gap_days"]),
        )
    except NotEnoughHistoryError:
        return None
    return split.test_date if len(split.training_dates) == count else None


def choose_label_window(
    connection: duckdb.DuckDBPyConnection, start: date, end: date
) -> LabelWindow:
    """The longest window in which 5 to 95 % of customers return and that can be learnt from.

    Args:
        connection: with the filled tables in schema ``raw``.
        start: of the usable window.
        end: of the data, exclusive.

    Returns:
        The window; 90 days where none is fit.
    """
    dates = find_snapshot_dates(start, end)
    shares: dict[int, float] = {}
    for days in LABEL_WINDOWS:
        test_date = find_test_date(dates, end, days)
        if test_date is None:
            continue
        share = _share_returning(connection, test_date, days)
        shares[days] = share
        if MIN_RETURN_SHARE <= share <= MAX_RETURN_SHARE:
            return LabelWindow(
                days,
                f"It is the longest of {_listed(sorted(LABEL_WINDOWS))} days in which "
                f"{MIN_RETURN_SHARE:.0%} to {MAX_RETURN_SHARE:.0%} of customers return "
                f"({share:.1%} as of {test_date}) and that leaves two training dates.",
            )
    if not shares:
        reason = (
            f"The shop's history from {start} to {end} is too short for two training dates before "
            "a test, whatever the window."
        )
    else:
        shares_in_words = ", ".join(f"{share:.1%} in {days} days" for days, share in shares.items())
        reason = (
            f"In no window do {MIN_RETURN_SHARE:.0%} to {MAX_RETURN_SHARE:.0%} of customers "
            f"return ({shares_in_words})."
        )
    return LabelWindow(DEFAULT_LABEL_WINDOW, reason)


def _share_returning(connection: duckdb.DuckDBPyConnection, test_date: date, days: int) -> float:
    """Of those who had ordered before a date, the share who order within so many days."""
    ((share,),) = connection.execute(
        """
        with people as (
            select
                customer_id,
                bool_or(ordered_at < $test_date) as is_known,
                bool_or(
                    ordered_at >= $test_date and ordered_at < $test_date + to_days($days)
                    and is_valid_order
                ) as is_returning
            from raw.orders
            where customer_id is not null
            group by customer_id
        )

        select coalesce(avg(cast(is_returning as integer)), 0) from people where is_known
        """,
        {"test_date": test_date, "days": days},
    ).fetchall()
    return float(share)


def _listed(numbers: Sequence[int]) -> str:
    return f"{', '.join(str(number) for number in numbers[:-1])} and {numbers[-1]}"
