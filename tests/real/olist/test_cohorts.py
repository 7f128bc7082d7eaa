"""Cohorts of the published files, counted again from the raw tables by another way."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from real_data import needs_data_set

pytestmark = needs_data_set("olist")


def months_between(first: date, last: date) -> int:
    """Calendar months from one first of a month to another."""
    return 12 * (last.year - first.year) + last.month - first.month


def test_cohorts_recomputed_from_the_raw_files_are_the_same(olist):
    """Person by person in Python; the model joins and groups in SQL."""
    orders = olist.rows(
        """
        select customers.customer_unique_id, orders.order_purchase_timestamp,
            (select coalesce(sum(payment_value), 0) from raw.order_payments as payments
             where payments.order_id = orders.order_id)
        from raw.orders as orders, raw.customers as customers
        where orders.customer_id = customers.customer_id
            and orders.order_status <> 'canceled' and orders.order_status <> 'unavailable'
            and orders.order_purchase_timestamp < timestamp '2018-08-30 00:00:00'
        order by orders.order_purchase_timestamp
        """
    )
    first_month: dict[str, date] = {}
    people = defaultdict(set)
    count, paid = defaultdict(int), defaultdict(Decimal)
    for person, moment, amount in orders:
        month = moment.date().replace(day=1)
        cohort = first_month.setdefault(person, month)
        cell = cohort, months_between(cohort, month)
        people[cell].add(person)
        count[cell] += 1
        paid[cell] += amount
    expected = []
    for cohort in sorted(set(first_month.values())):
        size = sum(month == cohort for month in first_month.values())
        for number in range(months_between(cohort, date(2018, 8, 1)) + 1):
            cell = cohort, number
            active = len(people[cell])
            is_complete = months_between(cohort, date(2018, 8, 1)) != number
            expected.append(
                (*cell, size, active, active / size, count[cell], paid[cell], is_complete)
            )
    rows = olist.rows(
        """
        select cohort_month_date, month_number, cohort_customer_count, active_customer_count,
            retention_rate, order_count, paid_amount, is_month_complete
        from marts.cohort_retention order by cohort_month_date, month_number
        """
    )
    assert rows == expected


def test_the_cohorts_come_to_the_published_people_orders_and_money(olist):
    """olist-pitfalls: 94,990 people with 98,206 valid orders before 2018-08-30."""
    ((people, orders, paid),) = olist.rows(
        """
        select sum(cohort_customer_count) filter (month_number = 0), sum(order_count),
            sum(paid_amount)
        from marts.cohort_retention
        """
    )
    assert (people, orders, paid) == (94_990, 98_206, Decimal("15738970.55"))
