"""Where marts are: the schemas that readers get, and the folder that decides between them."""

from __future__ import annotations

Mart = tuple[str, str]  # schema, name
# The second one has the diagnostics of models.
MART_SCHEMAS = ("marts", "marts_ml")
# A folder in a room; dbt_project.yml puts its models into the second schema.
DIAGNOSTICS = "diagnostics"
# A folder in a room whose models are parts of a mart (ephemeral in dbt's words), and no tables.
PARTS = "parts"
