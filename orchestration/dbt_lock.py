"""A plugin of dbt-duckdb: a bare `dbt run` takes the warehouse's lock, as every writer does."""

import atexit
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from orchestration.errors import WarehouseError, WarehouseLockedError
from orchestration.locking import hold_lock
from orchestration.paths import FOLDER_VARIABLE, check_database_path

WAREHOUSE_VARIABLE = "REGULARS_WAREHOUSE"
_HELD_TO_THE_END = ExitStack()
atexit.register(_HELD_TO_THE_END.close)


class Plugin(BasePlugin):
    """Holds the lock from the first connection to the end of the process.

    A dbt that one of our runs started works under that run's lock. Its setting ``variable`` names
    the environment variable of the target's warehouse.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the lock, or refuse and say who holds it."""
        if self.creds is None or self.creds.path == ":memory:":
            return
        try:
            # As it was asked for: what dbt made of it may be another path.
            variable = plugin_config.get("variable", WAREHOUSE_VARIABLE)
            path_text = os.environ.get(variable) or self.creds.path
            # Of the warehouse that a run of ours works on, hence of no other target's.
            folder = os.environ.get(FOLDER_VARIABLE, "") if variable == WAREHOUSE_VARIABLE else ""
            path = check_database_path(Path(folder, path_text)).resolve()
        except WarehouseError as error:
            raise DbtRuntimeError(str(error)) from error
        if folder:
            self.creds.path = str(path)
        if not path.exists():
            raise DbtRuntimeError(f"there is no warehouse at {path}; run `regulars load` first")
        try:
            _HELD_TO_THE_END.enter_context(hold_lock(path))
        except WarehouseLockedError as error:
            raise DbtRuntimeError(str(error)) from error
