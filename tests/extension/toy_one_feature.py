"""A logistic regression on recency alone."""

from ml.families.logistic import fit_logistic, from_rows, predict_logistic, to_rows

__all__ = ["FAMILY", "fit_one_feature", "from_rows", "predict_one_feature", "to_rows"]
FAMILY = "one_feature"


def fit_one_feature(matrix, is_returning, rules):
    return fit_logistic(
        matrix, is_returning, [rule for rule in rules if rule.feature_name == "recency_days"]
    )


predict_one_feature = predict_logistic
