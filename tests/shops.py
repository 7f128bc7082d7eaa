"""Shops that tests build and look into, and customers to plant in them."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from preloaded import PreloadedCommands
from raw_files import CUSTOMERS, ITEMS, ORDERS, PAYMENTS, PRODUCTS, REVIEWS, SELLERS

from orchestration.loading.tables import default_source
from orchestration.paths import FOLDER_VARIABLE
from orchestration.settings import parsed_dir
from orchestration.sources import SOURCE_VARIABLE, demo_of
from reports.build import build_report

PROJECT_DIR = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEMO_ORDERS = 6_000
PARSED_NAME = "partial_parse.msgpack"
# Commands of dbt of which a test looks at the warehouse only, and not at the artifacts. To write
# those takes 2.5 of the 9 s of a small run.
WITHOUT_ARTIFACTS = ("build", "run", "seed", "test")
AS_OF_DATE = "2018-08-30"
COMMANDS = PreloadedCommands()
generate_demo_shop = demo_of(default_source()).generate_demo_shop


@dataclass(frozen=True)
class Shop:
    """Raw files and the folder in which their warehouse is built."""

    data_dir: Path
    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "regulars.duckdb"

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("REGULARS_")}
        return {
            **inherited,
            "REGULARS_WAREHOUSE": str(self.warehouse),
            "REGULARS_DATA_DIR": str(self.data_dir),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "COLUMNS": "160",
            "REGULARS_QUICK_STUDY": "1",
            "REGULARS_TRACKING": "0",
            **more,
        }

    def run(
        self, *command: str, check: bool = True, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `regulars` or `dbt` as a user would, from the project's root.

        A bare dbt takes what was parsed for a warehouse elsewhere, as those in a step do; it parses
        the project anew where a setting is another one, the source's name spelled out included.
        """
        if command[0] == "dbt":
            source = more.get(SOURCE_VARIABLE, default_source())
            parsed = parsed_dir(source) / PARSED_NAME
            more = {
                SOURCE_VARIABLE: source,
                "REGULARS_WAREHOUSE": self.warehouse.name,
                FOLDER_VARIABLE: str(self.folder),
                **more,
            }
            if command[1] in WITHOUT_ARTIFACTS:
                more = {"DBT_WRITE_JSON": "false", **more}
            if "--vars" in command:
                # Other variables, another parse; that without stays for the next command.
                more = {"DBT_TARGET_PATH": str(self.folder / "target-vars"), **more}
            elif parsed.exists() and not (self.folder / "target" / PARSED_NAME).exists():
                more["DBT_PARTIAL_PARSE_FILE_PATH"] = str(parsed)
        done = COMMANDS.run(command, folder=PROJECT_DIR, environment=self.environment(**more))
        if check and done.returncode != 0:
            pytest.fail(
                f"{' '.join(command)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            )
        return done

    @contextmanager
    def open(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = duckdb.connect(str(self.warehouse), read_only=read_only)
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.open() as connection:
            return connection.execute(query).fetchall()

    def write_report(self) -> Path:
        """The report's pages of what is there, whatever tests would say of it; returns its folder.

        For what pages say; that `regulars report` asks the tests first is tested elsewhere.
        """
        pages = self.folder / "pages"
        pages.mkdir(exist_ok=True)
        with self.open() as connection:
            build_report(connection, pages)
        return pages

    def copy_to(self, folder: Path) -> Shop:
        """The same shop with a warehouse of its own, to be changed by one test."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = Shop(self.data_dir, folder)
        shutil.copyfile(self.warehouse, copy.warehouse)
        return copy


def shared_shop(
    factory: pytest.TempPathFactory, name: str, data_dir: Callable[[Path], Path], *build: str
) -> tuple[Shop, str]:
    """A shop that all workers of the suite share: built by the first that asks for it.

    Look into it only; run nothing on it, since another worker may be reading. Returns what the
    command printed, too.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    folder.mkdir(exist_ok=True)
    with FileLock(root / f"{name}.lock"):
        shop, printed = Shop(data_dir(folder), folder), folder / "printed.txt"
        if not printed.exists():
            printed.write_text(shop.run("regulars", *build).stdout)
    return shop, printed.read_text()


def append_rows(data_dir: Path, file_stem: str, rows: list[dict[str, object]]) -> None:
    """Add rows to a raw CSV file, columns by name, absent ones empty."""
    path = data_dir / f"{file_stem}.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(csv.reader(stream))
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, lineterminator="\n")
        writer.writerows(rows)


@dataclass(frozen=True)
class Purchase:
    """An order to plant; amounts as (price, freight) and (type, instalments, amount)."""

    ordered_at: str
    items: list[tuple[str, str]]
    payments: list[tuple[str, int, str]]
    status: str = "delivered"
    delivered_at: str = ""
    estimated: str = "2018-12-31 00:00:00"
    review: tuple[int, str] | None = None
    seller_id: str = ""  # the first of the shop's sellers if empty


def plant_seller(data_dir: Path, name: str, postal_code: str = "01001") -> str:
    """Add a seller to the raw files; returns their id."""
    seller_id = name.encode().hex().ljust(32, "3")
    append_rows(
        data_dir,
        SELLERS,
        [
            {
                "seller_id": seller_id,
                "seller_zip_code_prefix": postal_code,
                "seller_city": "sao paulo",
                "seller_state": "SP",
            }
        ],
    )
    return seller_id


def plant_customer(data_dir: Path, name: str, purchases: list[Purchase]) -> str:
    """Add a person with these orders to the raw files; returns their id."""
    person = name.encode().hex().ljust(32, "0")
    with (data_dir / f"{PRODUCTS}.csv").open(newline="") as stream:
        product_id = next(csv.DictReader(stream))["product_id"]
    with (data_dir / f"{SELLERS}.csv").open(newline="") as stream:
        first_seller_id = next(csv.DictReader(stream))["seller_id"]
    for number, purchase in enumerate(purchases):
        order_id = f"{name}order{number}".encode().hex().ljust(32, "1")[:32]
        customer_id = f"{name}cust{number}".encode().hex().ljust(32, "2")[:32]
        append_rows(
            data_dir,
            CUSTOMERS,
            [
                {
                    "customer_id": customer_id,
                    "customer_unique_id": person,
                    "customer_zip_code_prefix": "01001",
                    "customer_city": "sao paulo",
                    "customer_state": "SP",
                }
            ],
        )
        append_rows(
            data_dir,
            ORDERS,
            [
                {
                    "order_id": order_id,
                    "customer_id": customer_id,
                    "order_status": purchase.status,
                    "order_purchase_timestamp": purchase.ordered_at,
                    "order_approved_at": purchase.ordered_at,
                    "order_delivered_customer_date": purchase.delivered_at,
                    "order_estimated_delivery_date": purchase.estimated,
                }
            ],
        )
        append_rows(
            data_dir,
            ITEMS,
            [
                {
                    "order_id": order_id,
                    "order_item_id": index + 1,
                    "product_id": product_id,
                    "seller_id": purchase.seller_id or first_seller_id,
                    "shipping_limit_date": purchase.ordered_at,
                    "price": price,
                    "freight_value": freight,
                }
                for index, (price, freight) in enumerate(purchase.items)
            ],
        )
        append_rows(
            data_dir,
            PAYMENTS,
            [
                {
                    "order_id": order_id,
                    "payment_sequential": index + 1,
                    "payment_type": kind,
                    "payment_installments": instalments,
                    "payment_value": amount,
                }
                for index, (kind, instalments, amount) in enumerate(purchase.payments)
            ],
        )
        if purchase.review:
            score, answered_at = purchase.review
            append_rows(
                data_dir,
                REVIEWS,
                [
                    {
                        "review_id": order_id[::-1],
                        "order_id": order_id,
                        "review_score": score,
                        "review_creation_date": answered_at,
                        "review_answer_timestamp": answered_at,
                    }
                ],
            )
    return person


def card(amount: str, instalments: int = 1) -> list[tuple[str, int, str]]:
    """One payment by card."""
    return [("credit_card", instalments, amount)]


PLANTED: dict[str, list[Purchase]] = {
    # Three orders, the last one second before the as-of date; a review that comes too late.
    "ana": [
        Purchase(
            "2018-08-01 10:00:00",
            [("1000.00", "20.00"), ("500.00", "10.00")],
            card("1530.00", 10),
            delivered_at="2018-08-11 10:00:00",
            estimated="2018-08-20 00:00:00",
            review=(5, "2018-08-13 09:00:00"),
        ),
        Purchase(
            "2018-08-15 12:00:00",
            [("2000.00", "50.00")],
            [("credit_card", 5, "2000.00"), ("voucher", 1, "50.00")],
            delivered_at="2018-08-20 12:00:00",
            estimated="2018-08-18 00:00:00",
            review=(1, "2018-08-30 00:00:00"),
        ),
        Purchase("2018-08-29 23:59:59", [("700.00", "0.00")], card("700.00"), status="shipped"),
    ],
    # One small order long ago.
    "bruno": [
        Purchase(
            "2017-01-05 08:00:00",
            [("4.00", "1.01")],
            card("5.01"),
            delivered_at="2017-01-09 08:00:00",
        )
    ],
    # Nothing but a canceled order: no RFM row, but known to the shop.
    "carla": [
        Purchase("2018-08-10 12:00:00", [("90.00", "9.00")], card("99.00"), status="canceled")
    ],
    # One valid order, one unavailable, and one at the very midnight of the as-of date.
    "davi": [
        Purchase("2018-05-05 12:00:00", [("40.00", "10.00")], card("50.00", 2), status="invoiced"),
        Purchase("2018-06-05 12:00:00", [], card("60.00"), status="unavailable"),
        Purchase("2018-08-30 00:00:00", [("70.00", "7.00")], card("77.00")),
    ],
    # Six orders: the highest band of frequency.
    "eva": [
        Purchase(f"2018-0{month}-02 12:00:00", [("90.00", "10.00")], card("100.00"))
        for month in range(2, 8)
    ],
}


def compare_marts(one: Path, other: Path) -> dict[str, int]:
    """Rows of each mart that only one of two warehouses has; all 0 where they are the same.

    Save for the history of champions: what happened and when is another thing in each warehouse.
    """
    connection = duckdb.connect()
    connection.execute(f"attach '{one}' as one (read_only)")
    connection.execute(f"attach '{other}' as other (read_only)")
    marts = connection.execute(
        "select distinct schema_name, table_name from duckdb_tables() "
        "where schema_name in ('marts', 'marts_ml') and table_name <> 'champion_history' "
        "order by all"
    ).fetchall()
    differences = {}
    for schema, mart in marts:
        # How long a fit took is another thing each time.
        columns = "* exclude (fit_seconds)" if mart == "segmentation_candidates" else "*"
        ((count,),) = connection.execute(
            f"""
            select count(*) from (
                (select {columns} from one.{schema}.{mart}
                    except all select {columns} from other.{schema}.{mart})
                union all
                (select {columns} from other.{schema}.{mart}
                    except all select {columns} from one.{schema}.{mart})
            )
            """
        ).fetchall()
        differences[mart] = count
    connection.close()
    return differences
