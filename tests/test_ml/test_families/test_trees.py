"""Ensembles of trees: paths by hand, thresholds in 64 bits, rows rebuild the arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.families.training import feature_values, training_values
from ml.families.trees import (
    Tree,
    Trees,
    double_thresholds,
    join_trees,
    stump,
)
from ml.features import FeatureError, FeatureMatrix, FeatureRule
from ml.parameters import ParameterRow


def test_a_row_goes_left_up_to_the_threshold_inclusive():
    trees = join_trees(("a",), [stump(threshold=3.0, below=1.0, above=2.0)])
    values = np.array([[-np.inf], [3.0], [np.nextafter(3.0, 4.0)], [np.inf], [np.nan]])
    assert trees.sum_leaves(values).tolist() == [1.0, 1.0, 2.0, 2.0, 2.0]


def test_a_missing_value_goes_where_the_node_says():
    # a <= 1, missing left: to b <= 5, missing right (10, 20); else to a leaf (30).
    none = -1
    tree = Tree(
        feature=np.array([0, 1, none, none, none]),
        threshold=np.array([1.0, 5.0, np.nan, np.nan, np.nan]),
        is_missing_left=np.array([True, False, False, False, False]),
        left=np.array([1, 2, none, none, none]),
        right=np.array([4, 3, none, none, none]),
        leaf_value=np.array([np.nan, np.nan, 10.0, 20.0, 30.0]),
    )
    trees = join_trees(("a", "b"), [tree])
    rows = np.array([[np.nan, 5.0], [np.nan, np.nan], [1.0, 6.0], [2.0, 0.0]])
    assert trees.sum_leaves(rows).tolist() == [10.0, 20.0, 20.0, 30.0]


def test_a_split_of_known_from_missing_sends_infinity_left():
    trees = join_trees(("a",), [stump(threshold=np.inf, below=1.0, above=2.0)])
    trees = Trees.from_rows(trees.to_rows())
    values = np.array([[-np.inf], [0.0], [np.inf], [np.nan]])
    assert trees.sum_leaves(values).tolist() == [1.0, 1.0, 1.0, 2.0]


def test_features_that_no_tree_splits_on_are_left_out_and_the_rest_is_sorted():
    first = stump(1.0, 0.0, 1.0)
    second = Tree(**{**vars(first), "feature": np.array([2, -1, -1])})
    trees = join_trees(("z", "unused", "a"), [first, second])
    assert trees.feature_names == ("a", "z")
    assert trees.sum_leaves(np.array([[2.0, 0.0]])).tolist() == [1.0]
    assert (trees.tree_count, trees.leaf_count) == (2, 4)


singles = st.floats(width=32, allow_nan=False, min_value=-(2.0**99), max_value=2.0**99)
doubles = st.floats(allow_nan=False, min_value=-1e30, max_value=1e30)


@settings(max_examples=300, deadline=None)
@given(st.one_of(singles, doubles), st.one_of(singles, doubles))
def test_a_double_goes_the_way_of_its_single(threshold, value):
    moved = double_thresholds(np.array([threshold]))
    near = np.float64(np.float32(value))
    tried = [value, threshold, near, moved[0]]
    tried += [np.nextafter(number, to) for number in tried for to in (-np.inf, np.inf)]
    for number in tried:
        assert (np.float64(np.float32(number)) <= threshold) == (number <= moved[0])


@st.composite
def ensembles(draw):
    """Trees grown at random: each node a leaf, or a split of one of three features."""
    numbers = st.floats(-1e6, 1e6, allow_nan=False)
    trees = []
    for _ in range(draw(st.integers(1, 3))):
        feature, threshold, is_missing_left, left, right, leaf_value = [], [], [], [], [], []
        waiting = 1
        while len(feature) < waiting:
            splits = waiting < 9 and draw(st.booleans())
            feature.append(draw(st.integers(0, 2)) if splits else -1)
            threshold.append(draw(st.one_of(numbers, st.just(np.inf))) if splits else np.nan)
            is_missing_left.append(splits and draw(st.booleans()))
            left.append(waiting if splits else -1)
            right.append(waiting + 1 if splits else -1)
            leaf_value.append(np.nan if splits else draw(numbers))
            waiting += 2 * splits
        arrays = (feature, threshold, is_missing_left, left, right, leaf_value)
        trees.append(Tree(*(np.array(array) for array in arrays)))
    return join_trees(("b", "a", "c"), trees)


def reached(trees, node, row):
    """The leaf value, one row and one node at a time."""
    if trees.feature[node] == -1:
        return trees.leaf_value[node]
    value = row[trees.feature[node]]
    is_left = trees.is_missing_left[node] if np.isnan(value) else value <= trees.threshold[node]
    return reached(trees, (trees.left if is_left else trees.right)[node], row)


@settings(max_examples=60, deadline=None)
@given(ensembles(), st.integers(0, 10**6), st.randoms())
def test_an_ensemble_survives_its_rows_and_adds_up_leaves(trees, seed, random):
    rng = np.random.default_rng(seed)
    values = rng.uniform(-2e6, 2e6, (40, len(trees.feature_names)))
    values[rng.random(values.shape) < 0.2] = np.nan
    for index in range(len(trees.feature_names)):
        thresholds = trees.threshold[trees.feature == index]
        values[: len(thresholds), index] = thresholds[:40]
    rows = trees.to_rows()
    random.shuffle(rows)
    again = Trees.from_rows(rows)
    expected = [sum(reached(trees, root, row) for root in trees.roots) for row in values]
    assert trees.sum_leaves(values).tolist() == expected
    assert again.sum_leaves(values).tolist() == expected
    assert again.to_rows() == trees.to_rows()


@pytest.fixture
def rows():
    return join_trees(("a",), [stump(3.0, 1.0, 2.0), stump(5.0, 1.0, 2.0)]).to_rows()


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ("leaf_value", "node 1 to be a leaf or to split, got neither"),
        ("threshold", "node 0 to be a leaf or to split, got neither"),
        ("is_used", "a row 'is_used' for the feature 'a' of node 0, got none"),
        ("left_child", "expected a row 'left_child' for component 0"),
        ("right_child", "expected a row 'right_child' for component 0"),
        ("root", "got node 0 as that 0 times"),
    ],
)
def test_rows_that_are_not_whole_trees_are_refused(rows, lost, expected):
    with pytest.raises(ValueError, match=f"{expected}.*fit again"):
        Trees.from_rows([row for row in rows if row.parameter_name != lost])


def test_a_leaf_that_splits_is_refused(rows):
    with pytest.raises(ValueError, match="node 0 to be a leaf or to split, got both"):
        Trees.from_rows([*rows, ParameterRow("leaf_value", 1.0, 0)])


@pytest.mark.parametrize("child", [0, 9])
def test_a_child_that_is_not_after_its_parent_is_refused(rows, child):
    rows = [row for row in rows if (row.parameter_name, row.component_id) != ("left_child", 0)]
    rows.append(ParameterRow("left_child", float(child), 0))
    with pytest.raises(ValueError, match=f"children of node 0 between 1 and 5, got {child}"):
        Trees.from_rows(rows)


def test_a_child_of_two_nodes_is_refused(rows):
    rows = [row for row in rows if (row.parameter_name, row.component_id) != ("left_child", 0)]
    with pytest.raises(ValueError, match="got node 1 as that 0 times"):
        Trees.from_rows([*rows, ParameterRow("left_child", 2.0, 0)])


def test_no_rows_are_no_trees():
    with pytest.raises(ValueError, match="got no root"):
        Trees.from_rows([])


MATRIX = FeatureMatrix(("a", "b"), np.array([[1.0, np.inf], [np.nan, 2.0]]))
BOTH = np.array([True, False])


@pytest.mark.parametrize(
    ("labels", "rules", "expected"),
    [
        (BOTH[:1], ["a"], r"one label for each of 2 rows, got shape \(1,\)"),
        (BOTH | True, ["a"], "got only returning ones; choose other"),
        (BOTH & False, ["a"], "got only lost ones; choose other"),
        (BOTH, [], "one rule for each of one or more features, got none"),
        (BOTH, ["a", "a"], "one rule for each of one or more features, got a, a"),
        (BOTH, ["b"], "'b' has 1 infinite values, expected finite numbers; look for"),
        (BOTH, ["c"], "the feature 'c', which the matrix does not have .it has a, b.; read"),
    ],
)
def test_what_no_tree_can_learn_from_is_refused(labels, rules, expected):
    with pytest.raises(ValueError, match=expected):
        training_values(MATRIX, labels, [FeatureRule(name) for name in rules])


def test_an_absent_feature_is_an_error_that_says_what_to_do():
    with pytest.raises(FeatureError, match=r"'c', which the matrix does not have.*fit again"):
        feature_values(MATRIX, ("a", "c"))
