"""What another package brings: a family of churn models, and a purpose that predicts an amount."""

from ml.families.family import LIBRARY, Family
from ml.purpose import DecidingMetric, Purpose
from ml.purposes import CHURN

RMSE = DecidingMetric("test", "rmse", "RMSE", is_higher_better=False)
SPEND = Purpose(
    name="spend",
    label="Spend",
    predicts="amount",
    unit="money",
    deciding_metric=RMSE,
    test_metric=RMSE,
    assets="toy_spend_assets",
)
ONE_FEATURE = Family(
    "one_feature",
    CHURN,
    "recency alone",
    "Return model: recency alone.",
    scored_by="churn_logistic_terms",
    is_interpretable=True,
    module="toy_one_feature",
)
FREQUENCY = Family(
    "frequency",
    CHURN,
    "frequency alone",
    "Return model: the number of orders alone.",
    scored_by=LIBRARY,
    module="toy_frequency",
)
MEAN_SPEND = Family(
    "mean_spend",
    SPEND,
    "mean spend",
    "Everybody spends the mean.",
    scored_by="spend_scores",
    module="toy_spend",
)
SPEND_BY_ORDERS = Family(
    "spend_by_orders",
    SPEND,
    "spend by orders",
    "Spend is a straight line of the number of orders.",
    scored_by="spend_scores",
    module="toy_spend",
)
