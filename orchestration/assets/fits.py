"""What the fits of all purposes share."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import dagster as dg
import duckdb
from threadpoolctl import threadpool_limits

from ml.store.registry import require_registry_columns
from orchestration.runs import writing_connection
from orchestration.staging import WritingRun

CODE_VERSION = version("regulars")
FEATURES = [
    dg.AssetKey(["features", "customer_feature_snapshots"]),
    dg.AssetKey(["features", "supplied_features"]),
]
# One thread: partial sums of several threads come in any order, and two fits would differ.
FIT_THREADS = 1


@contextmanager
def fitting_connection(
    context: dg.AssetExecutionContext, warehouse: WritingRun
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for a fit, which may take minutes: what it writes to must be there before.

    Raises:
        StoreError: the registry is of an earlier version.
        WarehouseError: there is nothing to write to, or it was changed by another program.
    """
    with writing_connection(context, warehouse) as connection, threadpool_limits(FIT_THREADS):
        require_registry_columns(connection)
        yield connection
