"""The assets of the purpose: both families, fitted on one stretch of time, judged on the next."""

import dagster as dg
import numpy as np
from toy_entries import SPEND
from toy_spend import FEATURE

from ml.families.catalog import families_of
from ml.features import FeatureMatrix
from ml.figures import Metric
from ml.registry import FittedModel
from ml.store.models import write_model
from orchestration.assets.fits import CODE_VERSION, FEATURES
from orchestration.runs import IN_TRANSACTION, writing_connection

AMOUNTS = f"""
    select before.{FEATURE}::double, (later.paid_amount - before.paid_amount)::double
    from features.customer_feature_snapshots as before
    inner join features.customer_feature_snapshots as later
        on before.customer_id = later.customer_id
    where before.as_of_date = ? and later.as_of_date = ?
    order by before.customer_id
"""


def read_spend(connection, before, later):
    rows = connection.execute(AMOUNTS, [before, later]).fetchall()
    values = np.array(rows)
    return FeatureMatrix((FEATURE,), values[:, :1]), values[:, 1]


@dg.multi_asset(
    name="fit_spend_families",
    specs=[
        dg.AssetSpec(["ml", family.name], deps=FEATURES, group_name="ml")
        for family in families_of(SPEND)
    ],
    op_tags=IN_TRANSACTION,
)
def fit_spend(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[object],
    progress: dg.ResourceParam[object],
):
    progress.begin("fit spend", 1)
    with writing_connection(context, warehouse) as connection:
        dates = connection.execute(
            "select as_of_date from features.as_of_dates where is_snapshot_date "
            "order by as_of_date desc limit 3"
        ).fetchall()
        (today,), (test,), (training,) = dates
        learned, tested = (
            read_spend(connection, training, test),
            read_spend(connection, test, today),
        )
        for family in families_of(SPEND):
            model = family.fit(*learned)
            errors = family.predict(model, tested[0]) - tested[1]
            write_model(connection, describe(family, model, errors, today, test, len(learned[1])))
    progress.advance("fitted")
    for family in families_of(SPEND):
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["ml", family.name]))


def describe(family, model, errors, today, test, row_count):
    return FittedModel(
        purpose=SPEND.name,
        family=family.name,
        as_of_date=today,
        row_count=row_count,
        feature_count=1,
        settings={},
        code_version=CODE_VERSION,
        verdict="passed",
        test_date=test,
        label_window_days=(today - test).days,
        parameters=family.to_rows(model),
        metrics=[Metric("test", "rmse", float(np.sqrt(np.mean(errors**2))))],
    )


ASSETS = [fit_spend]
