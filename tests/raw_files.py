"""The raw files of the shop that tests generate, by the names that its sources YAML gives them."""

from __future__ import annotations

from orchestration.loading.tables import default_source, source_tables

# Raw table to the name of its file, without the suffix.
STEMS = {table.name: table.file_stem for table in source_tables(default_source())}
CUSTOMERS = STEMS["customers"]
GEOLOCATION = STEMS["geolocation"]
ITEMS = STEMS["order_items"]
ORDERS = STEMS["orders"]
PAYMENTS = STEMS["order_payments"]
PRODUCTS = STEMS["products"]
REVIEWS = STEMS["order_reviews"]
SELLERS = STEMS["sellers"]
