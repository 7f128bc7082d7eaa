"""How dbt is told what to build, and what it parses."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestration.dbt_runs import BUILT_TYPES, select_by_folders


def a_manifest(places: set[str], *, parts: set[str] = frozenset()) -> dict[str, Any]:
    return {
        "nodes": {
            place: {
                "fqn": place.split("."),
                "resource_type": "model",
                "config": {"materialized": "ephemeral" if place in parts else "table"},
            }
            for place in places
        }
    }


def is_selected(place: str, criterion: str) -> bool:
    """As dbt's documentation has it: by the whole path, or by the beginning of it."""
    return f"{place}.".startswith(f"{criterion}.")


@given(
    st.sets(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join),
        min_size=1,
    ).map(lambda paths: {f"shop.{path}.model" for path in paths}),
    st.data(),
)
def test_dbt_is_told_to_build_what_is_meant_and_nothing_else(places: set[str], data: Any) -> None:
    meant = data.draw(st.sets(st.sampled_from(sorted(places))))
    criteria = select_by_folders(a_manifest(places), meant, BUILT_TYPES)
    assert len(criteria) <= len(meant)
    selected = {p for p in places if any(is_selected(p, criterion) for criterion in criteria)}
    assert selected == meant


def test_a_folder_of_which_all_is_meant_is_one_criterion_whatever_parts_lie_in_it() -> None:
    places = {"shop.marts.a", "shop.marts.parts.b", "shop.features.c", "shop.features.d"}
    manifest = a_manifest(places, parts={"shop.marts.parts.b"})
    meant = {"shop.marts.a", "shop.features.c"}
    assert select_by_folders(manifest, meant, BUILT_TYPES) == ["shop.features.c", "shop.marts"]
    assert select_by_folders(manifest, places, BUILT_TYPES) == ["shop"]
