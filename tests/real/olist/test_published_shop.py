"""The published files, where REGULARS_TEST_DATA points at the folder that holds ``olist``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from real_data import needs_data_set
from scoring_parity import check_churn, check_gmm, check_kmeans
from shops import Shop, compare_marts
from sklearn.metrics import roc_auc_score

pytestmark = needs_data_set("olist")


# Counted in the nine files by wc and by the data set's own description.
ROWS = {
    "canonical.orders": 99_441,
    "canonical.customers": 96_096,
    "canonical.order_items": 112_650,
    "canonical.payments": 103_886,
    "canonical.reviews": 99_224,
    "canonical.products": 32_951,
    "canonical.sellers": 3_095,
    "raw.geolocation": 1_000_163,
    "raw.product_category_name_translation": 71,
}


@pytest.mark.parametrize("table", ROWS)
def test_every_row_of_the_files_is_there_once(olist, table):
    assert olist.rows(f"select count(*) from {table}") == [(ROWS[table],)]


@pytest.mark.parametrize(
    "query",
    [
        "select sum(payment_value) from raw.order_payments",
        "select sum(paid_amount) from staging.stg_olist__order_payments",
        "select sum(paid_amount) from conformed.int_olist__conform_payments",
        "select sum(paid_amount) from canonical.payments",
        "select sum(paid_amount) from canonical.orders",
    ],
)
def test_the_sum_paid_is_the_same_in_every_layer(olist, query):
    assert olist.rows(query) == [(Decimal("16008872.12"),)]


def test_rfm_has_the_published_rows_orders_and_money(olist):
    assert olist.rows(
        "select count(*), sum(frequency), sum(monetary_amount) from marts.customer_rfm"
    ) == [(94_990, 98_206, Decimal("15738970.55"))]


def test_the_shortfall_of_rfm_is_exactly_the_orders_that_it_leaves_out(olist):
    raw = """
        select count(*), coalesce(sum(paid), 0)
        from raw.orders
        left join (
            select order_id, sum(payment_value) as paid from raw.order_payments group by order_id
        ) using (order_id)
        where order_status in ('canceled', 'unavailable')
            or order_purchase_timestamp >= timestamp '2018-08-30'
    """
    ((orders, paid),) = olist.rows(raw)
    assert orders == 99_441 - 98_206
    assert paid == Decimal("16008872.12") - Decimal("15738970.55")
    assert olist.rows(
        "select sum(order_count), sum(paid_amount) from marts.money_reconciliation "
        "where reading_kind = 'left out'"
    ) == [(orders, paid)]


def test_every_rfm_customer_has_one_segment_and_one_score(olist):
    for mart in ("customer_segments", "customer_churn_scores"):
        assert olist.rows(
            f"""
            select count(*), count(scored.customer_id), count(distinct scored.customer_id)
            from marts.customer_rfm as rfm
            left join marts.{mart} as scored on rfm.customer_id = scored.customer_id
            """
        ) == [(94_990, 94_990, 94_990)]


def test_rfm_recomputed_from_the_raw_files_is_the_same(olist):
    ((different,),) = olist.rows(
        """
        with paid as (
            select order_id, sum(payment_value) as paid from raw.order_payments group by order_id
        ), expected as (
            select customer_unique_id as customer_id,
                count(*) as frequency,
                cast(coalesce(sum(paid), 0) as decimal(18, 2)) as monetary_amount,
                date_diff('day', cast(max(order_purchase_timestamp) as date), date '2018-08-30')
                    as recency_days
            from raw.orders
            join raw.customers using (customer_id)
            left join paid using (order_id)
            where order_status not in ('canceled', 'unavailable')
                and order_purchase_timestamp < timestamp '2018-08-30'
            group by customer_unique_id
        )
        select count(*) from (
            (select customer_id, frequency, monetary_amount, recency_days from expected
             except all
             select customer_id, frequency, monetary_amount, recency_days from marts.customer_rfm)
            union all
            (select customer_id, frequency, monetary_amount, recency_days from marts.customer_rfm
             except all
             select customer_id, frequency, monetary_amount, recency_days from expected)
        )
        """
    )
    assert different == 0


def test_people_and_return_rate_at_the_test_date_are_the_published_ones(olist):
    """olist-pitfalls: at 2018-03-01 there are 57,510 people, 1.18 % come back in 180 days."""
    ((people, rate),) = olist.rows(
        """
        select count(*), avg(cast(is_returning as integer)) from features.customer_labels
        where as_of_date = date '2018-03-01' and label_window_days = 180 and is_label_complete
        """
    )
    assert people == 57_510
    assert round(rate * 100, 2) == 1.18


def test_the_churn_model_is_trained_and_judged_on_the_published_dates_within_the_honest_band(olist):
    rows = olist.rows(
        """
        select json_extract_string(settings, '$.training_dates'),
            test_date, metric_value
        from ml.model_registry
        join ml.model_metrics using (model_id)
        where purpose = 'churn' and status = 'champion'
            and split = 'test' and metric_name = 'roc_auc'
        """
    )
    ((training, test, roc_auc),) = rows
    assert training == '["2017-07-01","2017-09-01"]'
    assert test == date(2018, 3, 1)
    assert 0.56 <= roc_auc <= 0.62  # logistic regression was published at 0.588, se 0.011


def test_the_recency_rule_has_its_published_auc(olist):
    ((value,),) = olist.rows(
        """
        select baseline_value from marts.model_quality
        where purpose = 'churn' and split = 'test' and metric_name = 'roc_auc'
            and baseline_name = 'recency'
        """
    )
    assert value == pytest.approx(0.569, abs=0.002)


@pytest.mark.parametrize("check", [check_kmeans, check_gmm, check_churn])
def test_sql_scores_equal_scikit_learn_for_every_customer(olist, check):
    check(olist)


@pytest.mark.long
def test_as_of_march_nothing_later_is_in_a_mart_or_a_model(olist_in_march):
    assert olist_in_march.rows("select as_of_date from marts.build_info") == [(date(2018, 3, 1),)]
    ((latest,),) = olist_in_march.rows("select max(last_order_at) from marts.customer_rfm")
    assert latest.date() < date(2018, 3, 1)
    assert olist_in_march.rows("select max(as_of_date) from features.as_of_dates") == [
        (date(2018, 3, 1),)
    ]
    ((test_date,),) = olist_in_march.rows(
        "select distinct test_date from ml.model_registry where purpose = 'churn'"
    )
    assert test_date <= date(2017, 9, 2)  # 180 days before the as-of date


@pytest.mark.long
def test_scores_as_of_march_rank_the_returns_of_the_next_180_days_in_the_honest_band(
    olist_in_march,
):
    rows = olist_in_march.rows(
        """
        select return_probability, exists (
            select 1 from raw.orders join raw.customers as c using (customer_id)
            where c.customer_unique_id = scores.customer_id
                and order_status not in ('canceled', 'unavailable')
                and order_purchase_timestamp >= timestamp '2018-03-01'
                and order_purchase_timestamp < timestamp '2018-03-01' + interval 180 day
        )
        from marts.customer_churn_scores as scores
        """
    )
    probability, returned = zip(*rows, strict=True)
    assert len(rows) == 57_510
    assert 0.56 <= roc_auc_score(returned, probability) <= 0.62


@pytest.mark.long
def test_two_builds_of_the_real_files_give_the_same_marts(olist, tmp_path):
    again = Shop(olist.data_dir, tmp_path)
    again.run("regulars", "build")
    differences = compare_marts(olist.warehouse, again.warehouse)
    assert len(differences) >= 9
    assert set(differences.values()) == {0}
