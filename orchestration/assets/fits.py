"""What the fits of all purposes share."""

from importlib.metadata import version

import dagster as dg

CODE_VERSION = version("regulars")
FEATURES = [
    dg.AssetKey(["features", "customer_feature_snapshots"]),
    dg.AssetKey(["features", "supplied_features"]),
]
# One thread: partial sums of several threads come in any order, and two fits would differ.
FIT_THREADS = 1
