"""The asset graph, the loader, the published copy and the command line."""

import os

# Read by Dagster and dbt as they are imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
