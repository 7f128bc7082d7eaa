"""Two families that predict what a person will spend: the mean, and a line of the orders so far."""

from dataclasses import dataclass

import numpy as np

from ml.parameters import ParameterRow, group_rows, look_up

FEATURE = "order_count"


@dataclass(frozen=True)
class Line:
    intercept: float
    coefficient: float


def fit_mean_spend(matrix, amounts):
    del matrix
    return Line(float(amounts.mean()), 0.0)


def fit_spend_by_orders(matrix, amounts):
    coefficient, intercept = np.polyfit(matrix.values[:, 0], amounts, 1)
    return Line(float(intercept), float(coefficient))


def predict_spend_by_orders(model, matrix):
    orders = matrix.values[:, matrix.feature_names.index(FEATURE)]
    return model.intercept + model.coefficient * orders


predict_mean_spend = predict_spend_by_orders


def to_rows(model):
    return [
        ParameterRow("intercept", model.intercept),
        ParameterRow("coefficient", model.coefficient, feature_name=FEATURE),
        ParameterRow("is_used", 1.0, feature_name=FEATURE),
    ]


def from_rows(rows):
    grouped = group_rows(rows)
    return Line(look_up(grouped, "intercept"), look_up(grouped, "coefficient", None, FEATURE))
