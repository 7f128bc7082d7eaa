"""What the presets know of the exports of other systems, each trap by the rows that have it."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from orchestration.loading.mapping.apply import apply_mapping
from orchestration.loading.mapping.looking import guess_mapping


def read(folder, table, query):
    """Guess the mapping of one file, apply it, and ask."""
    names = list(dict.fromkeys(name for row in table for name in row))
    with (folder / "export.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(table)
    with duckdb.connect() as connection:
        apply_mapping(connection, folder, guess_mapping(folder).mapping)
        return connection.execute(query).fetchall()


def shopify(name, price="93.00", title="Pants", **rest):
    return {
        "Name": name, "Email": "a@b.com", "Created at": "2024-05-01 10:00:00 -0400",
        "Lineitem quantity": "1", "Lineitem name": title, "Lineitem price": price,
        "Lineitem sku": "", "Financial Status": "paid", "Currency": "USD", "Subtotal": "93.00",
        "Shipping": "15.00", "Taxes": "0.00", "Total": "93.00", "Discount Amount": "15.00", **rest,
    }  # fmt: skip


def woocommerce(**rest):
    return {
        "order_id": "1", "order_date": "2024-05-01 10:00:00", "status": "completed",
        "shipping_total": "0", "fee_total": "0", "tax_total": "0", "discount_total": "0",
        "order_total": "10", "refunded_total": "0", "order_currency": "EUR", "customer_id": "7",
        "billing_email": "a@b.com", "item_product_id": "5", "item_sku": "", "item_name": "Mug",
        "item_quantity": "1", "item_total": "10", "item_refunded": "0", "item_refunded_qty": "0",
        **rest,
    }  # fmt: skip


def stripe(**rest):
    return {
        "id": "ch_1", "Created date (UTC)": "2024-05-01 10:00:00", "Amount": "10.00",
        "Amount Refunded": "0.00", "Currency": "usd", "Converted Amount": "10.00",
        "Converted Amount Refunded": "0.00", "Converted Currency": "usd", "Status": "Paid",
        "Refunded date (UTC)": "", "Mode": "Live", "Customer ID": "cus_1", **rest,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("order", "off_lines", "off_shipping"),
    [
        # As in a public export: the code gave free shipping, and the merchandise its full price.
        ({}, "0.00", "15.00"),
        ({"Subtotal": "78.00", "Total": "93.00"}, "15.00", "0.00"),
        ({"Subtotal": "88.00", "Total": "93.00"}, "5.00", "10.00"),
    ],
    ids=["on the shipping", "on the lines", "on both"],
)
def test_a_shopify_discount_is_off_the_lines_as_far_as_the_subtotal_says(
    tmp_path, order, off_lines, off_shipping
):
    assert read(
        tmp_path, [shopify("#1", **order)],
        "select item_amount, order_discount_amount, shipping_discount_amount, "
        "total_difference_amount from raw.orders",
    ) == [
        (Decimal("93.00"), Decimal(off_lines), Decimal(off_shipping), Decimal("0.00"))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subtotal", "shipping", "total", "discount", "beside_lines"),
    [
        # As in a public export of 3,885 orders: price 169.00, 33.80 off the line, and no more.
        ("135.20", "0.00", "135.20", "33.80", "0.00"),
        # 3.40 off the order besides.
        ("131.80", "4.95", "136.75", "37.20", "3.40"),
    ],
)
def test_a_shopify_discount_counts_those_of_the_lines_which_are_taken_off_once(
    tmp_path, subtotal, shipping, total, discount, beside_lines
):
    order = {
        "Subtotal": subtotal, "Shipping": shipping, "Total": total, "Discount Amount": discount,
        "Lineitem discount": "33.80",
    }  # fmt: skip
    assert read(
        tmp_path, [shopify("#1", "169.00", **order)],
        "select item_amount, order_discount_amount, shipping_discount_amount, "
        "total_difference_amount from raw.orders",
    ) == [
        (Decimal("135.20"), Decimal(beside_lines), Decimal("0.00"), Decimal("0.00"))
    ]  # fmt: skip


def test_a_shopify_tip_is_no_merchandise_and_outside_the_subtotal(tmp_path):
    blank = dict.fromkeys(("Financial Status", "Currency", "Subtotal", "Shipping", "Taxes",
                           "Total", "Discount Amount"), "")  # fmt: skip
    table = [
        shopify("#1", Total="113.00", **{"Discount Amount": "5.00", "Subtotal": "88.00"}),
        shopify("#1", "10.00", "Tip", **blank),
    ]
    assert read(
        tmp_path, table,
        "select item_amount, other_amount, order_discount_amount, shipping_discount_amount, "
        "total_difference_amount from raw.orders",
    ) == [
        (Decimal("93.00"), Decimal("10.00"), Decimal("5.00"), Decimal("0.00"), Decimal("0.00"))
    ]  # fmt: skip


def test_the_names_of_columns_in_shopifys_help_are_read_too(tmp_path):
    row = shopify("#1", Total="93.00")
    row["Lineitem SKU"] = "P1"
    del row["Lineitem sku"]
    row["Canceled at"] = "2024-05-02 10:00:00 -0400"
    assert read(
        tmp_path, [row],
        "select product_id, invalid_reason from raw.orders inner join raw.order_lines "
        "on orders.order_id = order_lines.order_id",
    ) == [("P1", "cancelled")]  # fmt: skip


def test_a_fee_of_woocommerce_is_part_of_the_total(tmp_path):
    assert read(
        tmp_path, [woocommerce(fee_total="2.50", order_total="12.50")],
        "select item_amount, fee_amount, total_difference_amount from raw.orders",
    ) == [(Decimal("10.00"), Decimal("2.50"), Decimal("0.00"))]  # fmt: skip


def test_deleted_products_of_woocommerce_stay_different_products(tmp_path):
    gone = {"item_sku": "unknown_product", "item_product_id": "0"}
    table = [woocommerce(**gone, item_name="Mug"), woocommerce(**gone, item_name="Pin")]
    assert read(tmp_path, table, "select product_id from raw.order_lines order by all") == [
        ("Mug",), ("Pin",),
    ]  # fmt: skip


def test_the_tax_and_shipping_of_a_refund_are_no_returned_merchandise(tmp_path):
    whole = woocommerce(
        shipping_total="5", tax_total="3", order_total="18", refunded_total="18",
        item_refunded="10", item_refunded_qty="-1",
    )  # fmt: skip
    by_order = {
        **whole, "order_id": "2", "item_refunded": "0", "item_refunded_qty": "0",
        "refunded_total": "9",
    }  # fmt: skip
    assert read(
        tmp_path, [whole, by_order],
        "select order_id, origin, returned_amount, merchandise_amount from raw.returns "
        "order by order_id, origin",
    ) == [
        ("1", "line_refund", Decimal("10.00"), Decimal("10.00")),
        ("1", "order_refund", Decimal("8.00"), Decimal("0.00")),
        # Half of the total came back, so half of the merchandise did.
        ("2", "order_refund", Decimal("9.00"), Decimal("5.00")),
    ]  # fmt: skip


def test_payments_of_stripe_count_in_the_currency_of_the_account(tmp_path):
    table = [
        stripe(), stripe(id="ch_2", Amount="9.00", Currency="eur"),
        stripe(id="ch_3", Status="Failed"),
    ]  # fmt: skip
    assert read(
        tmp_path, table, "select order_id, total_amount, is_valid_order from raw.orders order by 1"
    ) == [
        ("ch_1", Decimal("10.00"), True), ("ch_2", Decimal("10.00"), True),
        ("ch_3", Decimal("10.00"), False),
    ]  # fmt: skip


def test_a_refund_of_stripe_has_its_moment(tmp_path):
    refunded = stripe(
        Status="Refunded", **{"Converted Amount Refunded": "4.00", "Amount Refunded": "4.00",
                              "Refunded date (UTC)": "2024-06-01 12:00:00"},
    )  # fmt: skip
    assert read(
        tmp_path, [refunded],
        "select returned_amount, returned_at, merchandise_amount from raw.returns",
    ) == [(Decimal("4.00"), datetime(2024, 6, 1, 12), Decimal("4.00"))]  # fmt: skip


def test_payments_of_stripes_test_mode_are_not_valid(tmp_path):
    assert read(
        tmp_path, [stripe(), stripe(id="ch_2", Mode="Test")],
        "select order_id, invalid_reason from raw.orders order by 1",
    ) == [("ch_1", None), ("ch_2", "test mode")]  # fmt: skip


def test_a_stripe_export_without_a_mode_is_read_without_its_rule(tmp_path):
    row = stripe()
    del row["Mode"]
    assert read(tmp_path, [row], "select is_valid_order from raw.orders") == [(True,)]


def test_a_payment_of_stripe_without_a_charge_is_known_by_its_intent(tmp_path):
    rows = [stripe(**{"PaymentIntent ID": "pi_1"}), stripe(id="", **{"PaymentIntent ID": "pi_2"})]
    assert read(tmp_path, rows, "select order_id from raw.orders order by 1") == [
        ("ch_1",), ("pi_2",),
    ]  # fmt: skip
