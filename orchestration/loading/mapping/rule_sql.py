"""The rules of a mapping as SQL: what a line is, and whether an order is valid."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.loading.mapping.fields import FIELDS
from orchestration.loading.mapping.model import ShopMapping
from orchestration.loading.mapping.parts import Cleaning, Condition, Rule, Sign
from orchestration.loading.mapping.staging import rule_column
from orchestration.sql_text import literal

# Rules of these kinds make an order not valid, if their conditions are the order's.
OF_ORDERS = ("not_valid", "test")
SIGN_TESTS: dict[Sign, str] = {
    "negative": "< 0", "zero": "= 0", "positive": "> 0", "not_positive": "<= 0",
}  # fmt: skip
MERCHANDISE = "merchandise"


def columns_of_rules(mapping: ShopMapping) -> list[str]:
    """Columns of the files that only rules read."""
    return [
        condition.column
        for rule in mapping.rules
        for condition in rule.when
        if condition.column is not None
    ]


def is_of_order(rule: Rule, line_columns: Sequence[str]) -> bool:
    """Whether all conditions of a rule are about the order, none about a line.

    Args:
        rule: which.
        line_columns: columns of the files that belong to lines.
    """
    return all(
        condition.field in FIELDS["orders"]
        if condition.field is not None
        else condition.column not in line_columns
        for condition in rule.when
    )


def line_kind_sql(mapping: ShopMapping, line_columns: Sequence[str]) -> str:
    """SQL of what a line is: the kind of the first rule that holds, else a sale."""
    whens = [
        f"when {_all(rule, 'stage_line')} then '{rule.kind}'"
        for rule in mapping.rules
        if not (rule.kind in OF_ORDERS and is_of_order(rule, line_columns))
    ]
    return f"case {' '.join(whens)} else 'sale' end" if whens else "'sale'"


def order_fault_sql(mapping: ShopMapping, line_columns: Sequence[str]) -> str:
    """SQL of why an order is not valid, by its rules and then its status; null if it is."""
    whens = []
    for number, rule in enumerate(mapping.rules, 1):
        if rule.kind in OF_ORDERS and is_of_order(rule, line_columns):
            note = rule.note or f"rule {number} ({rule.kind})"
            whens.append(f"when {_all(rule, 'stage_order')} then {literal(note)}")
    statuses = mapping.orders.statuses
    if statuses is not None:
        status = "lower(stage_order.status)"
        valid = ", ".join(literal(word.strip().lower()) for word in statuses.valid)
        not_valid = ", ".join(literal(word.strip().lower()) for word in statuses.not_valid)
        whens.append(f"when {status} in ({valid}) then null")
        if not_valid:
            whens.append(f"when {status} in ({not_valid}) then 'status ' || stage_order.status")
        whens.append("when stage_order.status is null then 'no status'")
        whens.append(
            "when true then 'status ' || stage_order.status || ', which the mapping does not list'"
        )
    return f"case {' '.join(whens)} end" if whens else "cast(null as varchar)"


def order_kind_sql(mapping: ShopMapping, line_columns: Sequence[str]) -> str:
    """SQL of what an order without lines is, by the rules about orders; else a sale."""
    whens = [
        f"when {_all(rule, 'stage_order')} then '{rule.kind}'"
        for rule in mapping.rules
        if rule.kind not in OF_ORDERS and is_of_order(rule, line_columns)
    ]
    return f"case {' '.join(whens)} else 'sale' end" if whens else "'sale'"


def _all(rule: Rule, relation: str) -> str:
    return " and ".join(f"coalesce({_test(condition, relation)}, false)" for condition in rule.when)


def _test(condition: Condition, relation: str) -> str:
    if condition.column is not None:
        value, kind = f"{relation}.{rule_column(condition.column)}", "text"
    else:
        assert condition.field is not None
        value = f"{relation}.{condition.field}"
        kind = (FIELDS["orders"] | FIELDS["lines"])[condition.field]
    if condition.is_empty is not None:
        if condition.field == "customer_id":  # a placeholder is nobody
            value = f"{relation}.person_id"
        return f"{value} is {'null' if condition.is_empty else 'not null'}"
    if condition.sign is not None:
        number = f"try_cast({value} as decimal(24, 6))" if kind == "text" else value
        return f"{number} {SIGN_TESTS[condition.sign]}"
    text = f"lower(trim(cast({value} as varchar)))"
    if condition.equals is not None:
        return (
            f"{text} in ({', '.join(literal(value.strip().lower()) for value in condition.equals)})"
        )
    tests = [f"starts_with({text}, {literal(prefix.lower())})" for prefix in condition.prefix or ()]
    return f"({' or '.join(tests)})"


def clean_sql(text: str, steps: Sequence[Cleaning]) -> str:
    """SQL of a text after its cleaning.

    Example:
        >>> clean_sql("code", ["trim", "upper"])
        "nullif(upper(trim(code)), '')"
    """
    for step in steps:
        if step == "collapse_spaces":
            text = rf"regexp_replace({text}, '\s+', ' ', 'g')"
        else:
            text = f"{step}({text})"
    return f"nullif({text}, '')"


def product_kind_sql(mapping: ShopMapping, *, has_kinds_file: bool, has_products: bool) -> str:
    """SQL of a product's kind: by code, file of kinds, prefix, and file of products."""
    code = "upper(product_id)"
    whens = []
    for kind in mapping.products.kinds:
        if kind.codes:
            codes = ", ".join(literal(code.strip().upper()) for code in kind.codes)
            whens.append(f"when {code} in ({codes}) then '{kind.kind}'")
    if has_kinds_file:
        whens.append("when listed_kind is not null then listed_kind")
    for kind in mapping.products.kinds:
        for prefix in kind.prefixes:
            whens.append(
                f"when starts_with({code}, {literal(prefix.strip().upper())}) then '{kind.kind}'"
            )
    if has_products:
        whens.append("when stated_kind is not null then stated_kind")
    return f"case {' '.join(whens)} else '{MERCHANDISE}' end" if whens else f"'{MERCHANDISE}'"
