"""Ensembles of binary trees as arrays and as parameter rows, whichever library grew them.

Each node asks whether one feature is at most a threshold: yes goes left, no goes right, and a
missing value goes where the node says. Nodes are numbered across the ensemble, parents before
their children. Scored in the warehouse by ``dbt_project/macros/ml/ml_tree_ensemble.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from ml.features import FloatArray
from ml.parameters import ParameterRow, group_rows, look_up

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

NO_NODE = -1

# Beyond this many leaves an ensemble is scored by the library: dbt and DuckDB take about a second
# each to compile and plan 2,000 to 3,000, and the time grows faster than the leaves (one core,
# forests of 800, 1,600, 3,200 and 6,400 leaves: 64, 130, 262 and 520 kB of SQL, planned in 0.2,
# 0.5, 0.9 and 2.9 s).
LARGEST_COMPILED_LEAF_COUNT = 2_000


@dataclass(frozen=True)
class Trees:
    """An ensemble of trees; each array but the roots has one entry per node.

    Attributes:
        feature_names: the features that are split on.
        feature: index of the feature that is split on; -1 in a leaf.
        threshold: up to here, inclusive, a value goes left; infinite where each known value does,
            NaN in a leaf.
        is_missing_left: whether a missing value goes left.
        left: number of the left child, above the node's own; -1 in a leaf.
        right: the same of the right child.
        leaf_value: what a leaf adds; NaN in a node that splits.
        roots: the first node of each tree, ascending.
    """

    feature_names: tuple[str, ...]
    feature: IntArray
    threshold: FloatArray
    is_missing_left: BoolArray
    left: IntArray
    right: IntArray
    leaf_value: FloatArray
    roots: IntArray

    @property
    def leaf_count(self) -> int:
        """Leaves of all trees: what compiling the ensemble as SQL costs."""
        return int((self.feature == NO_NODE).sum())

    @property
    def tree_count(self) -> int:
        """How many trees there are."""
        return len(self.roots)

    def sum_leaves(self, values: FloatArray) -> FloatArray:
        """The leaf values that each row reaches, added up in the order of the trees.

        Args:
            values: shape (rows, features), columns as in ``feature_names``, NaN where missing.

        Example:
            >>> trees = join_trees(
            ...     ("recency_days",),
            ...     [stump(threshold=30.0, below=0.75, above=0.25), stump(90.0, 0.5, 0.0)],
            ... )
            >>> trees.sum_leaves(np.array([[30.0], [31.0], [91.0]]))
            array([1.25, 0.75, 0.25])
        """
        columns = np.asfortranarray(values)
        total = np.zeros(len(values))
        everybody = np.arange(len(values))
        reached = {int(root): everybody for root in self.roots}
        for node in range(len(self.feature)):  # parents come before their children
            rows = reached.pop(node)
            if self.feature[node] == NO_NODE:
                total[rows] += self.leaf_value[node]
                continue
            column = columns[:, self.feature[node]][rows]
            goes_left = column <= self.threshold[node]
            if self.is_missing_left[node]:
                goes_left |= np.isnan(column)
            reached[int(self.left[node])] = rows[goes_left]
            reached[int(self.right[node])] = rows[~goes_left]
        return total

    def to_rows(self) -> list[ParameterRow]:
        """The ensemble as rows, the node as ``component_id``.

        ``root`` has the number of its tree. A node that splits has ``threshold`` by its feature
        (``is_known_split`` instead, where each known value goes left), ``left_child``,
        ``right_child`` and, where a missing value goes left, ``is_missing_left``. A leaf has
        ``leaf_value``. Each feature has a row ``is_used``.
        """
        rows = [ParameterRow("is_used", 1.0, feature_name=name) for name in self.feature_names]
        rows += [
            ParameterRow("root", float(number), component_id=int(node))
            for number, node in enumerate(self.roots)
        ]
        for node, feature in enumerate(self.feature.tolist()):
            if feature == NO_NODE:
                rows.append(ParameterRow("leaf_value", float(self.leaf_value[node]), node))
                continue
            threshold = float(self.threshold[node])
            name, value = (
                ("is_known_split", 1.0) if threshold == np.inf else ("threshold", threshold)
            )
            rows.append(ParameterRow(name, value, node, self.feature_names[feature]))
            rows.append(ParameterRow("left_child", float(self.left[node]), node))
            rows.append(ParameterRow("right_child", float(self.right[node]), node))
            if self.is_missing_left[node]:
                rows.append(ParameterRow("is_missing_left", 1.0, node))
        return rows

    @classmethod
    def from_rows(cls, rows: Sequence[ParameterRow]) -> Trees:
        """Rebuild from parameter rows; features in alphabetical order.

        Raises:
            ValueError: a row is missing, two say the same, or the nodes are not trees.
        """
        grouped = group_rows(rows)
        names = tuple(sorted(str(name) for _, name, _ in grouped.get("is_used", {})))
        splits = {
            int(node or 0): (str(name), value if parameter == "threshold" else np.inf)
            for parameter in ("threshold", "is_known_split")
            for (node, name, _), value in grouped.get(parameter, {}).items()
        }
        leaves = {
            int(node or 0): value for (node, _, _), value in grouped.get("leaf_value", {}).items()
        }
        roots = sorted(int(node or 0) for node, _, _ in grouped.get("root", {}))
        count = max([*splits, *leaves], default=-1) + 1
        feature, left, right = (np.full(count, NO_NODE, dtype=np.int64) for _ in range(3))
        threshold, leaf_value = np.full(count, np.nan), np.full(count, np.nan)
        is_missing_left = np.zeros(count, dtype=bool)
        parents = np.zeros(count, dtype=np.int64)
        parents[[root for root in roots if 0 <= root < count]] += 1
        for node in range(count):
            if (node in leaves) == (node in splits):
                raise ValueError(
                    f"expected node {node} to be a leaf or to split, got "
                    f"{'both' if node in leaves else 'neither'}; {_NOT_WHOLE}"
                )
            if node in leaves:
                leaf_value[node] = leaves[node]
                continue
            name, threshold[node] = splits[node]
            if name not in names:
                raise ValueError(
                    f"expected a row 'is_used' for the feature {name!r} of node {node}, got none; "
                    f"{_NOT_WHOLE}"
                )
            feature[node] = names.index(name)
            is_missing_left[node] = (node, None, None) in grouped.get("is_missing_left", {})
            left[node] = look_up(grouped, "left_child", node)
            right[node] = look_up(grouped, "right_child", node)
            for child in (int(left[node]), int(right[node])):
                if not node < child < count:
                    raise ValueError(
                        f"expected children of node {node} between {node + 1} and {count - 1}, "
                        f"got {child}; {_NOT_WHOLE}"
                    )
                parents[child] += 1
        lost = np.flatnonzero(parents != 1)
        if not roots or len(lost):
            raise ValueError(
                "expected each node to be the root of a tree or the child of one node, got "
                f"{f'node {lost[0]} as that {parents[lost[0]]} times' if len(lost) else 'no root'}"
                f"; {_NOT_WHOLE}"
            )
        return cls(
            names, feature, threshold, is_missing_left, left, right, leaf_value, np.array(roots)
        )


_NOT_WHOLE = "these rows are not a whole model of this family, fit again"


@dataclass(frozen=True)
class Tree:
    """One tree with nodes and features of its own numbering, as libraries give it."""

    feature: IntArray
    threshold: FloatArray
    is_missing_left: BoolArray
    left: IntArray
    right: IntArray
    leaf_value: FloatArray


def stump(threshold: float, below: float, above: float) -> Tree:
    """The smallest tree: one question about the first feature, a missing value goes right.

    Example:
        >>> join_trees(("recency_days",), [stump(30.0, 0.75, 0.25)]).leaf_count
        2
    """
    nothing = np.full(2, NO_NODE)
    return Tree(
        feature=np.array([0, *nothing]),
        threshold=np.array([threshold, np.nan, np.nan]),
        is_missing_left=np.zeros(3, dtype=bool),
        left=np.array([1, *nothing]),
        right=np.array([2, *nothing]),
        leaf_value=np.array([np.nan, below, above]),
    )


def join_trees(feature_names: Sequence[str], trees: Sequence[Tree]) -> Trees:
    """Number the nodes of several trees across an ensemble.

    Args:
        feature_names: the library's columns; those that no tree splits on are left out.
        trees: in the order in which their leaves are added up.

    Example:
        >>> trees = join_trees(("paid_amount", "recency_days"), [stump(30.0, 0.75, 0.25)])
        >>> trees.feature_names, trees.tree_count
        (('paid_amount',), 1)
    """
    sizes = [len(tree.feature) for tree in trees]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)

    def joined(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    def children(name: str) -> IntArray:
        shifted = [
            np.where(getattr(tree, name) == NO_NODE, NO_NODE, getattr(tree, name) + start)
            for tree, start in zip(trees, starts, strict=True)
        ]
        return np.concatenate(shifted).astype(np.int64)

    column = joined("feature").astype(np.int64)
    used = sorted(set(column.tolist()) - {NO_NODE}, key=lambda index: feature_names[index])
    new_index = np.full(len(feature_names) + 1, NO_NODE, dtype=np.int64)
    new_index[used] = np.arange(len(used))
    return Trees(
        feature_names=tuple(feature_names[index] for index in used),
        feature=new_index[column],
        threshold=joined("threshold").astype(np.float64),
        is_missing_left=joined("is_missing_left").astype(bool),
        left=children("left"),
        right=children("right"),
        leaf_value=joined("leaf_value").astype(np.float64),
        roots=starts,
    )


def forest_trees(fitted: RandomForestClassifier, feature_names: Sequence[str]) -> Trees:
    """The trees of a fitted forest of two classes; a leaf's value is its share of the second.

    The library compares features rounded to 32 bits; thresholds are moved so that features of 64
    bits go the same way, see :func:`double_thresholds`. Where no value was missing in training, a
    missing one goes to the larger child: the library says so of each node, as it does otherwise.

    Example:
        >>> values, labels = np.arange(8.0)[:, None], np.arange(8) > 3
        >>> forest = RandomForestClassifier(1, bootstrap=False, random_state=0)
        >>> trees = forest_trees(forest.fit(values, labels), ("recency_days",))
        >>> trees.sum_leaves(np.array([[0.0], [3.5], [3.6]]))
        array([0., 0., 1.])
    """
    trees = []
    for estimator in fitted.estimators_:
        tree = estimator.tree_
        is_leaf = tree.children_left == NO_NODE
        trees.append(
            Tree(
                feature=np.where(is_leaf, NO_NODE, tree.feature),
                threshold=np.where(is_leaf, np.nan, double_thresholds(tree.threshold)),
                is_missing_left=~is_leaf & tree.missing_go_to_left.astype(bool),
                left=tree.children_left,
                right=tree.children_right,
                leaf_value=np.where(is_leaf, tree.value[:, 0, 1], np.nan),
            )
        )
    return join_trees(feature_names, trees)


def boosted_trees(
    fitted: HistGradientBoostingClassifier, feature_names: Sequence[str]
) -> tuple[Trees, float]:
    """The trees of a fitted boosting of two classes, and the log-odds that they start from.

    Example:
        >>> values, labels = np.arange(40.0)[:, None], np.arange(40) > 19
        >>> boosting = HistGradientBoostingClassifier(max_iter=1).fit(values, labels)
        >>> trees, start = boosted_trees(boosting, ("recency_days",))
        >>> trees.threshold[0], start
        (np.float64(19.5), 0.0)
    """
    trees = []
    for (predictor,) in fitted._predictors:
        nodes = predictor.nodes
        is_leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            Tree(
                feature=np.where(is_leaf, NO_NODE, nodes["feature_idx"]),
                threshold=np.where(is_leaf, np.nan, nodes["num_threshold"]),
                is_missing_left=~is_leaf & nodes["missing_go_to_left"].astype(bool),
                left=np.where(is_leaf, NO_NODE, nodes["left"].astype(np.int64)),
                right=np.where(is_leaf, NO_NODE, nodes["right"].astype(np.int64)),
                leaf_value=np.where(is_leaf, nodes["value"], np.nan),
            )
        )
    return join_trees(feature_names, trees), float(fitted._baseline_prediction[0, 0])


def double_thresholds(threshold: FloatArray) -> FloatArray:
    """Thresholds for 64-bit features that part them as these part features rounded to 32 bits.

    Rounding keeps order, so there is a largest 64-bit number that is rounded to at most the
    threshold: half way from the 32-bit number at or below it to the next one, or just below that.

    Args:
        threshold: of any shape, in the range of 32 bits.

    Example:
        >>> amount = 16777217.0  # 2 ** 24 + 1, which 32 bits round to 2 ** 24
        >>> bool(amount <= 16777216.5), bool(amount <= double_thresholds(np.array(16777216.5)))
        (False, True)
    """
    rounded = threshold.astype(np.float32)
    toward_minus = np.nextafter(rounded, np.float32(-np.inf))
    below = np.where(rounded.astype(np.float64) > threshold, toward_minus, rounded)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2
    is_rounded_down = middle.astype(np.float32) == below
    return np.where(is_rounded_down, middle, np.nextafter(middle, -np.inf))
