"""Sources that `regulars new source --from` writes: loaded, staged and conformed without dbt."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml
from shops import BIN, PROJECT_DIR

from orchestration.errors import RegularsError
from orchestration.loading import tables as raw_tables
from orchestration.loading.load import load_raw_files
from orchestration.scaffolding.source import plan_source

# Put together, since a source's name may stand in no file of the project, this one included.
NAME = "tea" + "house"
KEYED = {
    "sales.csv": "sale_no,person_no,sold_at,fate\n"
    "S1,P1,2022-03-01 10:00:00,delivered\n"
    "S2,P1,2022-04-01 10:00:00,canceled\n"
    "S3,P2,2022-05-01 10:00:00,shipped\n",
    "sale_positions.csv": "sale_no,pos,article_no,pieces,each_price\n"
    "S1,1,A1,2,3.50\nS1,2,A2,1,10.00\nS2,1,A1,1,3.50\nS3,1,A2,3,9.99\n",
    "people.csv": "person_no,mail,zip,town\nP1,a@example.test,01234,Bern\n"
    "P2,b@example.test,99,Chur\n",
}


def write_files(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Writes a source from files, loads them by the loader, and builds its models in DuckDB."""
    connections = []

    def build(
        files: dict[str, str], folder: Path | None = None, *, is_example: bool = False
    ) -> SimpleNamespace:
        folder = folder or write_files(tmp_path / "files", files)
        changes, notes = plan_source(PROJECT_DIR, NAME, None if is_example else folder)
        texts = {path.name: text for path, text in changes.added.items()}
        monkeypatch.setattr(raw_tables, "STAGING_DIR", tmp_path / "staging")
        place = tmp_path / "staging" / NAME
        place.mkdir(parents=True)
        (place / f"_{NAME}__sources.yml").write_text(texts[f"_{NAME}__sources.yml"])
        raw_tables._described.cache_clear()
        raw_tables.source_tables.cache_clear()
        connection = duckdb.connect()
        connections.append(connection)
        load_raw_files(connection, folder, tables=raw_tables.source_tables(NAME), expectations=None)
        variables = yaml.safe_load(changes.changed[Path("dbt_project.yml")])["vars"]
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
        environment.globals.update(
            source=lambda _source, table: f"raw.{table}",
            ref=lambda model: model,
            var=variables.get,
            money=lambda sql: f"cast({sql} as decimal(18, 2))",
            not_supplied=lambda _entity, names: ", ".join(f"null as {name}" for name in names),
            dbt=SimpleNamespace(hash=lambda sql: f"md5({sql})"),
        )
        models = [name for name in texts if name.endswith(".sql")]
        for name in sorted(models, key=lambda name: not name.startswith("stg_")):
            sql = environment.from_string(texts[name]).render()
            connection.execute(f"create view {name.removesuffix('.sql')} as {sql}")
        defaults = variables["source_defaults"][NAME]

        def rows(columns: str, model: str) -> list[tuple[object, ...]]:
            query = f"select {columns} from int_{NAME}__{model} order by all"
            return connection.execute(query).fetchall()

        return SimpleNamespace(texts=texts, notes=notes, defaults=defaults, rows=rows)

    yield build
    for connection in connections:
        connection.close()
    raw_tables._described.cache_clear()
    raw_tables.source_tables.cache_clear()


def test_files_whose_keys_match_become_orders_lines_and_people(build):
    shop = build(KEYED)
    assert shop.rows("order_id, customer_id, ordered_at, order_status, postal_code, city",
                     "conform_orders") == [
        ("S1", "P1", datetime(2022, 3, 1, 10), "delivered", "01234", "Bern"),
        ("S2", "P1", datetime(2022, 4, 1, 10), "canceled", "01234", "Bern"),
        ("S3", "P2", datetime(2022, 5, 1, 10), "shipped", "99", "Chur"),
    ]  # fmt: skip
    assert shop.rows("*", "conform_order_items") == [
        ("S1", 1, "A1", None, 2, Decimal("7.00"), None),
        ("S1", 2, "A2", None, 1, Decimal("10.00"), None),
        ("S2", 1, "A1", None, 1, Decimal("3.50"), None),
        ("S3", 1, "A2", None, 3, Decimal("29.97"), None),
    ]
    assert shop.rows("customer_id, email, phone", "conform_customer_contacts") == [
        ("P1", "a@example.test", None), ("P2", "b@example.test", None),
    ]  # fmt: skip
    assert shop.rows("*", "measure_raw_money") == [(Decimal("0.00"), Decimal("50.47"))]
    assert [name for name, *_ in shop.rows("capability", "conform_capabilities")] == [
        "items", "places", "products",
    ]  # fmt: skip
    assert shop.defaults["as_of_date"] == "2022-05-02"
    assert shop.defaults["window_start_date"] == "2022-03-01"
    assert shop.notes == []


def test_payments_say_what_an_order_comes_to_and_products_what_is_sold(build):
    shop = build(
        {
            "orders.csv": "OrderID,Customer ID,order,Order Status\n"
            "1,7,2022-03-01,delivered\n2,7,2022-04-01,delivered\n",
            "items.csv": "OrderID,SKU,Quantity,Price\n1,01,2,5\n2,02,1,6\n2,02,1,6\n",
            "payments.csv": "OrderID,Payment Method,Amount\n1,card,6.5\n1,voucher,3.5\n2,card,12\n",
            "products.csv": "SKU,Product Name,Category\n01,tea,hot\n02,cups,things\n",
        }
    )
    assert shop.rows("order_id, customer_id, ordered_at", "conform_orders") == [
        ("1", "7", datetime(2022, 3, 1)), ("2", "7", datetime(2022, 4, 1)),
    ]  # fmt: skip
    assert shop.rows("order_id, order_item_number, product_id, item_amount",
                     "conform_order_items") == [
        ("1", 1, "01", Decimal("10.00")), ("2", 1, "02", Decimal("6.00")),
        ("2", 2, "02", Decimal("6.00")),
    ]  # fmt: skip
    assert shop.rows("order_id, payment_number, paid_amount", "conform_payments") == [
        ("1", 1, Decimal("6.50")), ("1", 2, Decimal("3.50")), ("2", 1, Decimal("12.00")),
    ]  # fmt: skip
    assert shop.rows("product_id, product_name, category_name", "conform_products") == [
        ("01", "tea", "hot"), ("02", "cups", "things"),
    ]  # fmt: skip
    assert shop.rows("*", "measure_raw_money") == [(Decimal("22.00"), Decimal("22.00"))]
    assert {"payments", "categories", "items"} <= set(shop.defaults["capabilities"])
    # Names that SQL takes in quotes only are tested in quotes.
    assert "quote: true" in shop.texts[f"_{NAME}__sources.yml"]


def test_flat_lines_are_orders_and_lines_at_once_and_a_mail_address_goes_no_further(build):
    shop = build(
        {
            "export.csv": "order_id,order_date,email,sku,quantity,unit_price,order_discount\n"
            "9,2022-03-01 10:00:00, A@example.test,k,1,2.50,0.40\n"
            "9,2022-03-01 10:00:00, A@example.test,m,2,1.25,0.40\n"
            "10,2022-03-05 11:00:00,a@example.test,k,1,2.50,0\n"
            "11,2022-03-06 11:00:00,,k,1,2.50,0\n"
        }
    )
    by_order = dict(shop.rows("order_id, customer_id", "conform_orders"))
    assert by_order.keys() == {"9", "10", "11"}
    assert by_order["9"] == by_order["10"]
    assert re.fullmatch("[0-9a-f]{32}", by_order["9"])
    assert by_order["11"] is None
    assert shop.rows("sum(item_amount), count(*)", "conform_order_items") == [(Decimal("10.00"), 4)]
    # The discount of an order stands in each of its lines and counts once.
    assert shop.rows("order_amount", "measure_raw_money") == [(Decimal("9.60"),)]
    assert "guests" in shop.defaults["capabilities"]


def test_names_that_sql_takes_in_quotes_only_are_written_as_the_linter_wants_them(tmp_path):
    folder = write_files(
        tmp_path / "files",
        {
            "orders.csv": "OrderID,Customer ID,order,Group\n1,7,2022-03-01,a\n2,7,2022-04-01,a\n",
            "items.csv": "OrderID,SKU,Quantity,Unit Price,Line Discount,date\n"
            "1,01,2,5.5,1,2022-01-01\n2,02,1,6,0,2022-01-01\n2,03,1,6,0,2022-01-01\n",
        },
    )
    changes, _ = plan_source(PROJECT_DIR, NAME, folder)
    for path, text in {**changes.added, **changes.changed}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    shutil.copytree(PROJECT_DIR / "dbt_project" / "lint", tmp_path / "dbt_project" / "lint")
    shutil.copyfile(PROJECT_DIR / "pyproject.toml", tmp_path / "pyproject.toml")
    done = subprocess.run(
        [BIN / "sqlfluff", "lint", "--processes", "1", "dbt_project/models"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_without_files_a_source_begins_with_orders_their_items_and_customers(build):
    shop = build(
        {
            "orders.csv": "order_id,customer_id,ordered_at,order_status\n"
            "o,c,2022-03-01 10:00:00,delivered\n",
            "order_items.csv": "order_id,product_id,quantity,unit_price\no,p,2,1.50\n",
            "customers.csv": "customer_id,postal_code,city,country\nc,01234,Bern,CH\n",
        },
        is_example=True,
    )
    assert shop.rows("order_id, customer_id, postal_code, country", "conform_orders") == [
        ("o", "c", "01234", "CH")
    ]
    assert shop.rows("order_amount", "measure_raw_money") == [(Decimal("3.00"),)]
    assert any("put those of your files in their place" in note for note in shop.notes)


def test_payments_alone_are_orders_of_their_own(build):
    shop = build(
        {
            "charges.csv": "id,Amount,Created (UTC),Customer Email,Payment Method\n"
            "ch_1,12.5,2022-03-01 10:00:00,a@example.test,card\n"
            "ch_2,7.5,2022-04-01 10:00:00,a@example.test,card\n"
        }
    )
    assert shop.rows("order_id, ordered_at", "conform_orders") == [
        ("ch_1", datetime(2022, 3, 1, 10)), ("ch_2", datetime(2022, 4, 1, 10)),
    ]  # fmt: skip
    assert shop.rows("order_id, paid_amount", "conform_payments") == [
        ("ch_1", Decimal("12.50")), ("ch_2", Decimal("7.50")),
    ]  # fmt: skip
    assert "order_items" not in shop.defaults["supplies"]


def test_parquet_files_keep_their_types_and_keys_become_texts(build, tmp_path):
    folder = tmp_path / "parquet"
    folder.mkdir()
    for name, text in KEYED.items():
        numbers = text.replace("S", "").replace("P", "").encode()
        table = pyarrow.csv.read_csv(pa.BufferReader(numbers))
        pyarrow.parquet.write_table(table, folder / name.replace(".csv", ".parquet"))
    shop = build({}, folder)
    assert shop.rows("order_id, customer_id, ordered_at", "conform_orders")[0] == (
        "1", "1", datetime(2022, 3, 1, 10),
    )  # fmt: skip
    assert shop.rows("order_amount", "measure_raw_money") == [(Decimal("50.47"),)]


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        ("01.03.2022", ["strptime"]),
        ("2022-03-01", []),
        ("2022-03-01T10:00:00", []),
        ("2022-03-01 10:00", []),
    ],
)
def test_dates_that_the_loader_takes_for_texts_are_read_by_staging(build, written, notes):
    text = KEYED["sales.csv"].replace("2022-03-01 10:00:00", written)
    text = text.replace("2022-04-01 10:00:00", written.replace("03", "04"))
    shop = build({**KEYED, "sales.csv": text.replace("2022-05-01 10:00:00", written)})
    days = {when.date().isoformat() for (when,) in shop.rows("ordered_at", "conform_orders")}
    assert days == {"2022-03-01", "2022-04-01"}
    assert [any(word in note for note in shop.notes) for word in notes] == [True] * len(notes)


def test_what_a_person_has_to_look_at_is_said(build):
    files = {**KEYED, "sales.csv": KEYED["sales.csv"].replace("fate", "status")}
    files["sales.csv"] = files["sales.csv"].replace("canceled", "storno")
    files["people.csv"] = files["people.csv"].replace("town", "nickname")
    shop = build(files)
    (statuses, unread) = shop.notes
    assert "seeds/order_statuses.csv does not have storno" in statuses
    assert "nothing reads people.nickname" in unread


def test_of_lines_the_one_column_left_is_taken_which_is_said(build):
    names = {"article_no": "ware", "pieces": "how_many", "each_price": "each"}
    text = KEYED["sale_positions.csv"]
    for name, other in names.items():
        text = text.replace(name, other)
    shop = build({**KEYED, "sale_positions.csv": text})
    assert shop.rows("order_amount", "measure_raw_money") == [(Decimal("50.47"),)]
    (note,) = shop.notes
    assert "each for unit_price, how_many for quantity, ware for product_id" in note


def test_that_every_order_counts_where_no_column_is_a_status_is_said(build):
    """Words that no list knows: the canceled order would be revenue without a word."""
    text = KEYED["sales.csv"].replace("delivered", "done").replace("canceled", "called_off")
    shop = build({**KEYED, "sales.csv": text.replace("shipped", "on_its_way")})
    valid = shop.rows("order_id, is_valid_order", "conform_orders")
    assert valid == [("S1", True), ("S2", True), ("S3", True)]
    notes = [note for note in shop.notes if "looks like a status" in note]
    assert len(notes) == 1
    assert "canceled ones too" in notes[0]


def test_what_no_column_was_found_for_is_said_with_the_file_to_change(tmp_path):
    files = {
        "visits.csv": "ticket,day,rain_mm\n1,2022-03-01,4\n2,2022-03-02,5\n",
        "Straße 1.csv": "число,x\n1,2\n",
    }
    folder = write_files(tmp_path / "files", files)
    changes, notes = plan_source(PROJECT_DIR, NAME, folder)
    text = " ".join(notes)
    assert f"looks like the person who ordered: call one customer_id in stg_{NAME}__visits" in text
    assert "looks like the key of an order: call one order_id" in text
    assert "looks like what a line costs: call one line_amount" in text
    assert "nothing reads" in text
    place = Path("dbt_project/models/staging") / NAME / f"stg_{NAME}__strasse_1.sql"
    assert '"число" as column_1' in changes.added[place]


def test_files_without_rows_leave_stand_ins_for_dates_which_is_said(tmp_path):
    files = {name: text.splitlines()[0] + "\n" for name, text in KEYED.items()}
    folder = write_files(tmp_path / "files", files)
    changes, notes = plan_source(PROJECT_DIR, NAME, folder)
    assert any("are stand-ins" in note for note in notes)
    text = changes.changed[Path("dbt_project.yml")]
    assert yaml.safe_load(text)["vars"]["source_defaults"][NAME]["as_of_date"] == "2000-02-01"


def test_a_date_far_away_from_the_others_does_not_move_the_as_of_date(tmp_path):
    days = "".join(f"{n},p{n % 30},2022-{n % 12 + 1:02d}-11,{n}\n" for n in range(400))
    files = {
        "orders.csv": f"order_id,customer_id,order_date,total\n{days}x,p1,2099-12-31,1\n",
        "lines.csv": "order_id,sku,quantity,price\n1,a,1,2\n1,b,1,2\n",
    }
    changes, _ = plan_source(PROJECT_DIR, NAME, write_files(tmp_path / "files", files))
    settings = yaml.safe_load(changes.changed[Path("dbt_project.yml")])["vars"]["source_defaults"]
    assert settings[NAME]["as_of_date"] == "2022-12-12"
    assert settings[NAME]["window_start_date"] == "2022-01-11"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "has no data files"),
        ({"a.csv": "a;b;c\n1;2;3\n4;5;6\n"}, "must have values separated by commas, but a.csv has"),
        ({"a.csv": "a,b,a\n1,2,3\n"}, "a plain name of its own for each column, but a.csv has 'a'"),
        (
            {"a.csv": "a,,c\n1,2,3\n"},
            "must have the header on line 1, but that of a.csv is on line 2",
        ),
        ({"a.tsv": "a\tb\n1\t2\n"}, "reads .csv, .csv.gz, .parquet, but a.tsv is none of these"),
        ({"load_log.csv": "a,b\n1,2\n"}, "would become the table raw.load_log, which is taken"),
        ({"order.csv": "a,b\n1,2\n"}, "the table raw.order, which is no name that SQL takes"),
        ({"a b.csv": "a,b\n1,2\n", "a_b.csv": "a,b\n1,2\n"}, "raw.a_b, which is taken"),
    ],
)
def test_files_that_the_loader_of_a_source_would_not_read_are_refused(tmp_path, files, expected):
    folder = write_files(tmp_path / "files", files)
    with pytest.raises(RegularsError, match=re.escape(expected)):
        plan_source(PROJECT_DIR, NAME, folder)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(RegularsError, match="expected a folder of files"):
        plan_source(PROJECT_DIR, NAME, tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TeaShop", "must be in lower snake case"),
        ("generic", "must be a new one, but 'generic' is taken"),
        ("orders", "must stand nowhere but in its own folders, but 'orders' is a word of the proj"),
        ("sales", "is a word of the project"),
    ],
)
def test_a_source_has_a_name_that_is_found_nowhere_else(name, expected):
    with pytest.raises(RegularsError, match=re.escape(expected)):
        plan_source(PROJECT_DIR, name)


def test_a_source_is_not_called_as_another_one_or_with_its_name():
    name = raw_tables.default_source()
    with pytest.raises(RegularsError, match=f"must be a new one, but '{name}' is taken"):
        plan_source(PROJECT_DIR, name)
    with pytest.raises(RegularsError, match="must not have the name of another one in it"):
        plan_source(PROJECT_DIR, f"{name}_two")
