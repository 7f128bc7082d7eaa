"""Champions that a person promotes or rolls back."""

import multiprocessing
import os
import signal
from datetime import date

import duckdb
import pytest
from stored_models import (
    MARCH,
    MODEL,
    ONE,
    THREE,
    TWO,
    churn_model,
    fit_and_choose,
    read_changes,
    read_statuses,
    segmentation,
)

from ml.store.champions import read_champion_history, write_not_eligible
from ml.store.champions_by_hand import promote, roll_back
from ml.store.connection import StoreError
from ml.store.models import write_model
from ml.store.registry import read_model


class Deadly:
    """A connection whose process dies right after so many statements."""

    def __init__(self, connection, statements_left):
        self.connection, self.statements_left = connection, statements_left

    def execute(self, *arguments):
        result = self.connection.execute(*arguments)
        self.statements_left -= 1
        if self.statements_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def change_and_die(path, change, statement_count):
    with duckdb.connect(str(path)) as connection:
        change(Deadly(connection, statement_count))


def test_a_promoted_model_is_the_one_champion_and_the_former_a_challenger(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}
    assert promote(warehouse, ONE.model_id, "the board wants it") == TWO.model_id
    assert read_statuses(warehouse) == {ONE.model_id: "champion", TWO.model_id: "challenger"}
    change = read_champion_history(warehouse)[-1]
    assert (change.model_id, change.action, change.reason) == (
        ONE.model_id, "promoted", "the board wants it"
    )  # fmt: skip


def test_the_other_purpose_keeps_its_champion(warehouse):
    kmeans = segmentation("kmeans", "passed")
    fit_and_choose(warehouse, kmeans, ONE, TWO)
    promote(warehouse, ONE.model_id, "by hand")
    roll_back(warehouse, "churn")
    assert read_statuses(warehouse)[kmeans.model_id] == "champion"


def test_a_roll_back_goes_back_step_by_step(warehouse):
    fit_and_choose(warehouse, ONE, TWO, THREE)
    ids = [model.model_id for model in (ONE, TWO, THREE)]
    assert roll_back(warehouse, "churn") == (ids[1], ids[2])
    assert roll_back(warehouse, "churn") == (ids[0], ids[1])
    assert read_statuses(warehouse) == dict(
        zip(ids, ("champion", "retired", "retired"), strict=True)
    )
    with pytest.raises(StoreError, match=rf"{ids[0]} is the first champion of churn, so there is"):
        roll_back(warehouse, "churn")
    assert [row[2:] for row in read_changes(warehouse)[3:]] == [
        (ids[1], ids[2], "rolled back"), (ids[0], ids[1], "rolled back")
    ]  # fmt: skip


def test_a_roll_back_after_a_promotion_undoes_it(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    promote(warehouse, ONE.model_id, "by hand")
    assert roll_back(warehouse, "churn") == (TWO.model_id, ONE.model_id)
    assert read_statuses(warehouse) == {ONE.model_id: "retired", TWO.model_id: "champion"}


def test_a_refit_does_not_lift_a_roll_back_and_a_promotion_does(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    roll_back(warehouse, "churn")
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse) == {ONE.model_id: "champion", TWO.model_id: "retired"}
    assert read_model(warehouse, TWO.model_id).status_reason == "rolled back by hand"
    fit_and_choose(warehouse, THREE)  # another one may
    assert read_statuses(warehouse)[THREE.model_id] == "champion"
    promote(warehouse, TWO.model_id, "it was right after all")
    assert read_statuses(warehouse)[TWO.model_id] == "champion"
    fit_and_choose(warehouse, TWO)
    assert read_statuses(warehouse)[TWO.model_id] == "champion"


def test_without_a_champion_there_is_nothing_to_roll_back(warehouse):
    with pytest.raises(StoreError, match=r"churn has no champion to roll back; .*models promote"):
        roll_back(warehouse, "churn")


def test_what_cannot_score_this_build_is_not_promoted(warehouse):
    later = churn_model(4, as_of_date=date(2018, 6, 2))
    featureless = churn_model(5, parameters=MODEL.parameters)
    empty = churn_model(6)
    fit_and_choose(warehouse, ONE)
    for model in (later, featureless, empty):
        write_model(warehouse, model)
    warehouse.execute("delete from ml.model_parameters where model_id = ?", [empty.model_id])
    row = write_not_eligible(warehouse, "churn", MARCH, "too few came back", {}, "0.1.0")
    before = read_statuses(warehouse)
    for model_id, expected in (
        (later.model_id, r"as of 2018-06-02, the warehouse is built as of 2018-06-01; expected"),
        (featureless.model_id, r"needs order_count, which .* no longer has; fit a new one"),
        (empty.model_id, r"no rows in ml\.model_parameters.*`regulars fit`"),
        (row, r"is no model, it says why none was fitted: too few came back"),
        (ONE.model_id, r"is the champion of churn already"),
        (ONE.model_id[:-1], rf"has no model '.*'; did you mean {ONE.model_id}\?"),
    ):
        with pytest.raises(StoreError, match=expected):
            promote(warehouse, model_id, "by hand")
        assert read_statuses(warehouse) == before
    assert len(read_changes(warehouse)) == 1


def test_a_former_champion_that_cannot_score_is_not_gone_back_to(warehouse):
    fit_and_choose(warehouse, ONE, TWO)
    warehouse.execute("delete from ml.model_parameters where model_id = ?", [ONE.model_id])
    with pytest.raises(StoreError, match=rf"{ONE.model_id} has no rows in ml\.model_parameters"):
        roll_back(warehouse, "churn")
    assert read_statuses(warehouse)[TWO.model_id] == "champion"


@pytest.mark.parametrize(
    "change",
    [
        lambda connection: promote(connection, ONE.model_id, "by hand"),
        lambda connection: roll_back(connection, "churn"),
    ],
    ids=["promotion", "roll back"],
)
def test_a_kill_at_any_statement_leaves_one_champion_and_a_true_history(
    warehouse, tmp_path, change
):
    """Killed for good, in a process of its own: what is found is what is in the file."""
    fit_and_choose(warehouse, ONE, TWO)
    warehouse.execute(f"export database '{tmp_path / 'sound'}'")
    champions = []
    for statement_count in range(1, 50):
        path = tmp_path / f"killed_at_{statement_count}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"import database '{tmp_path / 'sound'}'")
        child = multiprocessing.get_context("fork").Process(
            target=change_and_die, args=(path, change, statement_count)
        )
        child.start()
        child.join(60)
        with duckdb.connect(str(path)) as connection:
            status = read_statuses(connection)
            last = read_champion_history(connection)[-1]
        (champion,) = [
            model_id for model_id, model_status in status.items() if model_status == "champion"
        ]
        assert last.model_id == champion
        champions.append(champion)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    # Before the commit, which is the last statement, nothing is changed; after it, all.
    assert champions[:-2] == [TWO.model_id] * (len(champions) - 2)
    assert champions[-2:] == [ONE.model_id] * 2
    assert len(champions) > 8


def test_a_history_that_cannot_be_written_leaves_statuses_as_they_were(warehouse):
    fit_and_choose(warehouse, ONE)
    write_model(warehouse, TWO)
    before = read_statuses(warehouse)
    warehouse.execute(
        "create table kept as from ml.champion_history; drop table ml.champion_history; "
        "create table ml.champion_history as from kept; "
        "alter table ml.champion_history drop column reason"
    )
    with pytest.raises(StoreError, match="champion_history"):
        promote(warehouse, TWO.model_id, "why not")
    assert read_statuses(warehouse) == before
