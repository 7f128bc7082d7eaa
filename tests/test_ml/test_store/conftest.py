"""A warehouse with empty model tables."""

import duckdb
import pytest
from stored_models import model_tables_ddl


@pytest.fixture
def warehouse():
    """An in-memory warehouse with empty model tables and a few features and labels."""
    with duckdb.connect() as connection:
        connection.execute(model_tables_ddl())
        connection.execute(
            """
            create schema features;
            create table features.supplied_features (
                feature_name varchar, transform varchar, null_rule varchar,
                is_segmentation_feature boolean, is_churn_feature boolean
            );
            insert into features.supplied_features values
                ('recency_days', 'identity', 'none', true, true),
                ('average_review_score', 'identity', 'median', false, true),
                ('paid_amount', 'log1p', 'none', true, false),
                ('note', 'identity', 'none', false, false);
            create table features.as_of_dates (as_of_date date);
            insert into features.as_of_dates values ('2018-03-01'), ('2018-06-01'), ('2018-01-01');
            create table features.customer_feature_snapshots (
                customer_id varchar, as_of_date date, recency_days integer,
                paid_amount decimal(18, 2), average_review_score double
            );
            insert into features.customer_feature_snapshots values
                ('zoe', '2018-01-01', 3, 10.10, null),
                ('ann', '2018-01-01', 1, 20.20, 4.5),
                ('bob', '2018-03-01', 7, null, 1.0),
                ('ann', '2018-03-01', 60, 20.20, 4.5),
                ('ann', '2018-06-01', 152, 20.20, 4.5);
            create table features.customer_labels (
                customer_id varchar, as_of_date date, label_window_days integer,
                is_label_complete boolean, is_returning boolean
            );
            insert into features.customer_labels values
                ('zoe', '2018-01-01', 90, true, true),
                ('ann', '2018-01-01', 90, true, false),
                ('bob', '2018-03-01', 90, true, false),
                ('ann', '2018-03-01', 90, true, true),
                ('ann', '2018-06-01', 90, false, true),
                ('zoe', '2018-01-01', 120, true, false),
                ('ann', '2018-01-01', 120, true, true),
                ('bob', '2018-03-01', 120, false, null),
                ('ann', '2018-03-01', 120, false, true);
            """
        )
        yield connection
