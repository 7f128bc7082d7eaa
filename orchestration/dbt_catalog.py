"""A plugin of dbt-duckdb: a bare `dbt run` knows the families and purposes that Python knows."""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from ml.entry_points import ExtensionError
from orchestration.errors import WarehouseError
from orchestration.paths import more_models


class Plugin(BasePlugin):
    """Writes the catalog of models into the warehouse when dbt connects."""

    def configure_connection(self, conn: Any) -> None:
        """Write it, or say which entry point of another package is none."""
        try:
            more_models()
            from ml.store.catalog import write_catalog
        except (ExtensionError, WarehouseError) as error:
            raise DbtRuntimeError(str(error)) from error
        write_catalog(conn)
