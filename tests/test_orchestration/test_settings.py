"""Settings: what the environment says, and what it may not say."""

import pytest

from orchestration.errors import RegularsError
from orchestration.settings import Settings


def test_everything_that_is_made_stands_beside_the_warehouse(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_WAREHOUSE", str(tmp_path / "mine" / "shop.duckdb"))
    monkeypatch.delenv("REGULARS_DATA_DIR", raising=False)
    settings = Settings.from_environment()
    made = [settings.published_dir, settings.site_dir, settings.demo_dir]
    assert {path.parent for path in made} == {tmp_path / "mine"}
    assert settings.data_dir is None


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "²", "٣", "3²", " 3"])
def test_a_setting_that_is_not_a_whole_number_is_named(monkeypatch, value):
    monkeypatch.setenv("REGULARS_MAX_REJECTED_ROWS", value)
    with pytest.raises(RegularsError, match=rf"REGULARS_MAX_REJECTED_ROWS must be .*'{value}'"):
        Settings.from_environment()


@pytest.mark.parametrize("value", ["0", "5", "99"])
def test_a_demo_shop_that_is_too_small_is_refused_before_anything_starts(monkeypatch, value):
    monkeypatch.setenv("REGULARS_DEMO_ORDERS", value)
    with pytest.raises(
        RegularsError, match=f"REGULARS_DEMO_ORDERS must be .* from 100, got '{value}'"
    ):
        Settings.from_environment()
    monkeypatch.setenv("REGULARS_DEMO_ORDERS", "100")
    assert Settings.from_environment().demo_orders == 100


@pytest.mark.parametrize("name", ["REGULARS_DATA_DIR", "REGULARS_WAREHOUSE"])
@pytest.mark.parametrize("value", ["", "  "])
def test_a_path_that_is_empty_is_not_taken_for_the_current_folder(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(RegularsError, match=f"{name} is empty, expected a path"):
        Settings.from_environment()
