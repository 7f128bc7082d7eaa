"""`regulars models`: what it says of the registry, and how it changes champions."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from filelock import FileLock
from shops import BIN, Shop

from ml.registry import FittedModel
from ml.store.champions import write_not_eligible
from ml.store.models import read_parameters, write_model
from ml.store.registry import read_models

# As an analytics engineer would: the models that score, and the mart that publishes it.
SCORES = ("dbt", "run", "--select", "scoring", "model_quality", "churn_verdict",
          "customer_churn_scores")  # fmt: skip


@pytest.fixture(scope="module")
def shop(demo, tmp_path_factory) -> Shop:
    """A copy of the demo shop with a second logistic model in it; look into it only."""
    copy = demo.copy_to(tmp_path_factory.mktemp("models"))
    with copy.open(read_only=False) as connection:
        write_rival(connection)
    return copy


@pytest.fixture
def own(shop, tmp_path) -> Shop:
    return shop.copy_to(tmp_path)


def write_rival(connection) -> str:
    """The logistic model once more, as if fitted with other settings to other coefficients."""
    (first,) = [model for model in read_models(connection, "churn") if model.family == "logistic"]
    parameters = [
        replace(row, value=row.value * 2) if row.parameter_name == "coefficient" else row
        for row in read_parameters(connection, first.model_id)
    ]
    return write_model(
        connection,
        FittedModel(
            "churn", "logistic", first.as_of_date, first.row_count, first.feature_count,
            {**first.settings, "seed": 1}, first.code_version, first.verdict, parameters,
            first.metrics, first.evidence, first.test_date, first.label_window_days,
        ),
    )  # fmt: skip


def champions(shop: Shop) -> dict[str, str]:
    rows = shop.rows("select purpose, model_id from ml.model_registry where status = 'champion'")
    assert len(rows) == len(dict(rows))
    return dict(rows)


def rival_of(shop: Shop) -> str:
    ((model_id,),) = shop.rows(
        "select model_id from ml.model_registry where status_reason = 'newly fitted'"
    )
    return str(model_id)


def test_the_list_says_of_every_model_how_good_it_is_and_why_it_has_its_status(shop):
    printed = " ".join(shop.run("regulars", "models", "list").stdout.split())
    rows = shop.rows("select model_id, family, status, status_reason from ml.model_registry")
    assert len(rows) >= 4
    for row in rows:
        for text in row:
            assert text in printed, text
    ((value, low, high),) = shop.rows(
        "select metric_value, lower_bound, upper_bound from ml.model_metrics "
        f"where model_id = '{champions(shop)['churn']}' "
        "and split = 'test' and metric_name = 'roc_auc'"
    )
    assert f"{value:.4f} ({low:.4f} to {high:.4f})" in printed
    assert "verdict does not beat the best baseline" in printed or (
        "verdict beats the best baseline" in printed
    )
    churn = shop.run("regulars", "models", "list", "--purpose", "churn").stdout
    assert rival_of(shop) in churn
    assert "kmeans" not in churn


def test_a_model_is_shown_with_settings_dates_metrics_and_history(shop):
    champion = champions(shop)["churn"]
    printed = shop.run("regulars", "models", "show", champion).stdout
    ((settings, test_date, count),) = shop.rows(
        "select settings, test_date, (select count(*) from ml.model_parameters as parameters "
        "where parameters.model_id = registry.model_id) from ml.model_registry as registry "
        f"where model_id = '{champion}'"
    )
    setting_values = json.loads(str(settings))
    assert f"judged at {test_date}, labels of 180 days" in printed
    assert f"rows as of {', '.join(setting_values['fitted_dates'])}" in " ".join(printed.split())
    for name, value in setting_values.items():
        assert f"{name} " in printed
        assert str(value)[:40] in printed
    assert f"parameters  {count:,}" in printed
    for expected in ("roc_auc_gain", "brier", "chosen", "none"):
        assert expected in printed
    assert "It was never champion." in shop.run("regulars", "models", "show", rival_of(shop)).stdout


def test_that_no_model_could_be_fitted_is_listed_and_shown(own):
    with own.open(read_only=False) as connection:
        row = write_not_eligible(
            connection, "churn", date(2018, 8, 30), "3 came back, at least 50 are wanted", {}, "1"
        )
    for command in (("list", "--purpose", "churn"), ("show", row)):
        printed = " ".join(own.run("regulars", "models", *command).stdout.split())
        assert row in printed
        assert "not eligible" in printed
        assert "3 came back, at least 50 are wanted" in printed


def test_a_model_that_the_gates_refuse_can_be_promoted_by_hand_and_that_is_said(own):
    rival = rival_of(own)
    with own.open(read_only=False) as connection:
        connection.execute(
            """
            update ml.model_registry set verdict = 'not calibrated (slope 3.1)'
            where model_id = ?
            """,
            [rival],
        )
    listed = own.run("regulars", "models", "list", "--purpose", "churn").stdout
    lines = listed.partition(f"{rival}\n")[2].splitlines()
    assert "verdict     not calibrated (slope 3.1)" in [line.strip() for line in lines[:4]]
    printed = own.run("regulars", "models", "promote", rival).stdout
    assert "No fit would choose it: not calibrated (slope 3.1)." in printed


def test_after_a_promotion_another_model_scores_and_after_a_roll_back_the_former_exactly(own):
    def scores() -> list[tuple[object, ...]]:
        return own.rows("from marts.customer_churn_scores order by customer_id")

    first, rival, before = champions(own)["churn"], rival_of(own), scores()
    own.run(*SCORES)
    assert scores() == before

    printed = own.run("regulars", "models", "promote", rival, "--reason", "to try it").stdout
    assert f"{rival} is champion in place of {first}." in printed
    assert "Next: `regulars score` (or `dbt run`), then `regulars publish`" in printed
    assert champions(own)["churn"] == rival
    assert scores() == before
    own.run(*SCORES)
    after = scores()
    assert {row[2] for row in after} == {rival}
    assert [row[0] for row in after] == [row[0] for row in before]
    assert [row[4] for row in after] != [row[4] for row in before]  # probabilities

    printed = own.run("regulars", "models", "rollback", "--purpose", "churn").stdout
    assert f"{first} is champion again; {rival} was rolled back." in printed
    own.run(*SCORES, "champion_history")
    assert scores() == before
    assert own.rows(
        "select model_id, former_model_id, action, family "
        "from marts_ml.champion_history where purpose = 'churn' order by change_number"
    )[1:] == [(rival, first, "promoted", "logistic"), (first, rival, "rolled back",
               first.partition("-")[0])]  # fmt: skip
    tested = own.run("dbt", "test", "--select", "each_purpose_has_at_most_one_champion",
                     "source:ml.champion_history", "champion_history")  # fmt: skip
    assert "ERROR=0" in tested.stdout

    done = own.run("regulars", "models", "rollback", "--purpose", "churn", check=False)
    assert done.returncode == 1
    assert f"{first} is the first champion of churn" in done.stderr


def test_what_cannot_be_done_is_said_in_a_sentence_and_changes_nothing(own):
    before = own.rows("from ml.model_registry order by model_id")
    champion = champions(own)["churn"]
    for command, expected in (
        (("show", champion[:-2]), f"did you mean {champion}?"),
        (("promote", champion.replace("2018", "2017")), f"did you mean {champion}?"),
        (("promote", champion), f"{champion} is the champion of churn already"),
        (("rollback", "--purpose", "segmentation"), "is the first champion of segmentation"),
    ):
        done = own.run("regulars", "models", *command, check=False)
        assert done.returncode == 1, command
        assert expected in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
    with FileLock(own.folder / ".regulars.lock"):
        done = own.run("regulars", "models", "promote", rival_of(own), check=False)
        assert "is being written to by" in done.stderr
        own.run("regulars", "models", "list")  # a look is free
    assert own.rows("from ml.model_registry order by model_id") == before


def test_what_nobody_typed_by_a_slip_is_not_suggested(shop):
    for model_id in ("nope", "churn", "k", ""):
        done = shop.run("regulars", "models", "show", model_id, check=False)
        assert done.returncode == 1
        assert "did you mean" not in done.stderr
        assert "`regulars models list` shows what there is" in done.stderr


@pytest.mark.parametrize("columns", ["60", "80"])
def test_a_narrow_terminal_cuts_no_model_id(shop, columns):
    """In a terminal of so many columns, which a pseudo-terminal is."""
    ids = [str(row[0]) for row in shop.rows("select model_id from ml.model_registry")]
    assert max(map(len, ids)) > 28
    for command in (("models", "list"), ("models", "show", champions(shop)["churn"]), ("status",)):
        printed = in_terminal(shop, columns, *command)
        assert "…" not in printed, command
        listed_ids = ids if command[-1] == "list" else [champions(shop)["churn"]]
        for model_id in listed_ids:
            assert model_id in printed, command


def in_terminal(shop: Shop, columns: str, *command: str) -> str:
    """What a command prints to a terminal."""
    parent, child = pty.openpty()
    done = subprocess.Popen(
        [BIN / "regulars", *command],
        env=shop.environment(COLUMNS=columns, TERM="xterm"),
        stdout=child,
        stderr=child,
        stdin=subprocess.DEVNULL,
    )
    os.close(child)
    output = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while more := os.read(parent, 65_536):
            output += more
    os.close(parent)
    assert done.wait() == 0, output
    return output.decode()


def test_without_a_warehouse_the_build_comes_first(demo, tmp_path):
    done = Shop(demo.data_dir, tmp_path).run("regulars", "models", "list", check=False)
    assert done.returncode == 1
    assert "run `regulars build` first" in done.stderr
