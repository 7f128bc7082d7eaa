"""A logistic regression on the number of orders alone; no SQL of its own, Python predicts."""

from ml.families.logistic import fit_logistic, from_rows, predict_logistic, to_rows

__all__ = ["FAMILY", "fit_frequency", "from_rows", "predict_frequency", "to_rows"]
FAMILY = "frequency"


def fit_frequency(matrix, is_returning, rules):
    return fit_logistic(
        matrix, is_returning, [rule for rule in rules if rule.feature_name == "order_count"]
    )


predict_frequency = predict_logistic
