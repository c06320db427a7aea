"""From a version to its data and back, two versions side by side, and how far the policy takes one."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine

from marquee.domain.errors import Conflict, NotFound
from marquee.lifecycle.onward import onward_within
from marquee.lifecycle.side_by_side import compare
from marquee.settings import Policy
from marquee.settings.policy import Gates, Review, Rollouts
from marquee.store import audit, deployment, snapshots, versions
from marquee.store.engine import connect
from tests.support.world import NOW, SNAPSHOT, load_world

POLICY = Policy(gates=Gates())
METRICS = {"known": {"rmse": 0.9, "ndcg": 0.2}, "new": {"rmse": 1.0, "ndcg": None}}


@pytest.fixture
def connection(new_database: Callable[[], str]) -> Iterator[Connection]:
    engine: Engine = connect(new_database(), application_name="tests")
    with engine.begin() as connection:
        load_world(connection)
        yield connection
    engine.dispose()


def _add(connection: Connection, version: int, number: str, **values: object) -> None:
    versions.add(
        connection,
        **{  # type: ignore[arg-type]
            "version": version,
            "semantic_version": number,
            "state": "validated",
            "run_id": f"run-{version}",
            "snapshot": SNAPSHOT,
            "trained_through": NOW,
            "algorithms": {"rating": "svd", "ranking": "ease"},
            "hyperparameters": {"ranking": {"regularization": 10.0}},
            "metrics": METRICS,
            "gates": [],
            **values,
        },
    )


def _onward(connection: Connection, version: int, policy: Policy = POLICY, compared_with: int | None = None):
    now = deployment.get(connection).champion
    return onward_within(
        connection,
        version,
        policy=policy,
        trigger="test",
        evidence={"gates": []},
        compared_with=now if compared_with is None else compared_with,
    )


def _serving(connection: Connection) -> None:
    """Version 1, 1.0.0, is the champion."""
    _add(connection, 1, "1.0.0")
    assert _onward(connection, 1).deployed


def test_the_first_model_is_promoted_as_the_bootstrap(connection: Connection) -> None:
    _serving(connection)
    assert deployment.get(connection).champion == 1
    promoted, approved = audit.latest(connection, limit=2)
    assert (promoted.actor, promoted.action, approved.action) == ("policy", "promote", "approve")
    assert promoted.evidence["bootstrap"] is True


def test_new_data_for_the_champions_recipe_are_promoted(connection: Connection) -> None:
    _serving(connection)
    _add(connection, 2, "1.0.1")
    onward = _onward(connection, 2)
    assert (onward.state, onward.deployed, onward.note) == ("approved", True, "")
    assert deployment.get(connection).champion == 2


@pytest.mark.parametrize("number", ["1.1.0", "2.0.0"])
def test_another_recipe_waits_for_a_review(connection: Connection, number: str) -> None:
    _serving(connection)
    _add(connection, 2, number)
    onward = _onward(connection, 2)
    assert (onward.state, onward.deployed) == ("validated", False)
    assert versions.get(connection, 2).state == "validated"
    assert deployment.get(connection).champion == 1


def test_a_policy_that_approves_nothing_leaves_new_data_to_a_review(connection: Connection) -> None:
    _serving(connection)
    _add(connection, 2, "1.0.1")
    onward = _onward(connection, 2, POLICY.model_copy(update={"review": Review(automatic="none")}))
    assert (onward.state, versions.get(connection, 2).state) == ("validated", "validated")


def test_where_no_rollout_starts_by_itself_new_data_are_approved_and_wait(connection: Connection) -> None:
    _serving(connection)
    _add(connection, 2, "1.0.1")
    onward = _onward(connection, 2, POLICY.model_copy(update={"rollouts": Rollouts(patch=None)}))
    assert (onward.state, onward.deployed) == ("approved", False)
    assert deployment.get(connection).champion == 1


def test_another_champion_than_the_one_it_was_compared_with_is_not_overrun(connection: Connection) -> None:
    _serving(connection)
    _add(connection, 2, "1.0.1")
    _add(connection, 3, "1.0.2")
    assert _onward(connection, 2).deployed
    with pytest.raises(Conflict, match="became the champion meanwhile"):
        _onward(connection, 3, compared_with=1)


def test_versions_of_one_snapshot_are_found_by_it(connection: Connection) -> None:
    _add(connection, 1, "1.0.0", facts={"seed": 3}, requested_by="operator:ann")
    _add(connection, 2, "1.0.1")
    assert versions.of_snapshot(connection, SNAPSHOT) == [1, 2]
    assert versions.of_snapshot(connection, "6" * 64) == []
    found = versions.get(connection, 1)
    assert (found.facts, found.requested_by) == ({"seed": 3}, "operator:ann")


def test_versions_on_the_same_data_are_compared_figure_by_figure(connection: Connection) -> None:
    _add(connection, 1, "1.0.0")
    better = {"known": {"rmse": 0.8, "ndcg": 0.1}, "new": {"rmse": 1.0, "ndcg": 0.3}}
    recipe = {"ranking": {"regularization": 20.0}, "rating": {"n_factors": 3}}
    _add(connection, 2, "1.1.0", metrics=better, hyperparameters=recipe)
    found = compare(connection, 1, 2)
    figures = {one.name: one for one in found.figures}
    assert (figures["known.rmse"].better, figures["known.ndcg"].better) == ("b", "a")
    assert figures["known.rmse"].difference == pytest.approx(-0.1)
    assert (figures["new.rmse"].difference, figures["new.rmse"].better) == (0.0, "neither")
    assert (figures["new.ndcg"].a, figures["new.ndcg"].difference) == (None, None)
    assert [(one.name, one.a, one.b) for one in found.recipe] == [
        ("ranking.regularization", 10.0, 20.0),
        ("rating.n_factors", None, 3),
    ]
    assert (found.same_data, found.data) == (True, ())


def test_versions_on_other_data_say_that_figures_do_not_tell_which_is_better(connection: Connection) -> None:
    _add(connection, 1, "1.0.0")
    snapshots.record(
        connection,
        hash="6" * 64,
        ratings=9,
        users=40,
        items=20,
        first_rated_at=NOW,
        trained_through=NOW,
        taken_at=NOW,
    )
    _add(connection, 2, "1.0.1", snapshot="6" * 64)
    found = compare(connection, 1, 2)
    assert found.same_data is False
    assert "do not tell which is better" in found.note
    assert [one.name for one in found.data] == ["snapshot", "ratings"]
    with pytest.raises(NotFound):
        compare(connection, 1, 3)
