"""What checks measure in the marts, and the bars that they hold it to."""

import dagster as dg
import duckdb

from orchestration.errors import WarehouseError
from orchestration.staging import WritingRun
from orchestration.warehouse_file import open_warehouse


def number(warehouse: WritingRun, query: str) -> float | None:
    """The one figure of a query; none where it is null.

    Raises:
        WarehouseError: a mart that it reads is not there.
    """
    with open_warehouse(warehouse.path, read_only=True) as connection:
        try:
            ((value,),) = connection.execute(query).fetchall()
        except duckdb.CatalogException as error:
            first = str(error).splitlines()[0]
            raise WarehouseError(
                f"the marts that are to be checked are not there ({first}); run `regulars build`"
            ) from error
    return None if value is None else float(value)


def at_least(value: float | None, bar: float | None, meaning: str) -> dg.AssetCheckResult:
    """Passed if there is a figure and it reaches the bar; no figure is no proof."""
    if value is None or bar is None:
        return dg.AssetCheckResult(passed=False, description=f"{meaning}: no figure, or no bar")
    return dg.AssetCheckResult(
        passed=value >= bar,
        metadata={"value": value, "bar": bar},
        description=f"{meaning}: {value:g}, at least {bar:g}",
    )


def at_most(value: float | None, bar: float | None, meaning: str) -> dg.AssetCheckResult:
    """Passed if there is a figure and it is within the bar; no figure is no proof."""
    if value is None or bar is None:
        return dg.AssetCheckResult(passed=False, description=f"{meaning}: no figure, or no bar")
    return dg.AssetCheckResult(
        passed=value <= bar,
        metadata={"value": value, "bar": bar},
        description=f"{meaning}: {value:g}, at most {bar:g}",
    )


def count_unmatched(warehouse: WritingRun, mart: str, model: str) -> float | None:
    """RFM customers without exactly one row; none where a query finds no model that scores."""
    return number(
        warehouse,
        f"""
        select count(*) from marts.customer_rfm as rfm
        left join (
            select customer_id, count(*) as row_count from marts.{mart} group by customer_id
        ) as scored on rfm.customer_id = scored.customer_id
        where scored.row_count is distinct from 1
            and exists ({model})
        """,
    )
