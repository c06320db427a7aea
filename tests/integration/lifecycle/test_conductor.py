"""The conductor on a real Postgres, with planted traffic: every way a rollout can go."""

import pytest
from sqlalchemy import Engine, func, select, text

from marquee.domain.errors import Conflict
from marquee.lifecycle.promotion import promote
from marquee.lifecycle.rollouts import abort, advance
from marquee.store import alerts, deployment, rollouts, versions
from marquee.store.tables import rollout_outcomes, scored_ratings
from tests.support.trial import Trial, people


def _everything_is_shown(trial: Trial, *, champion: float, challenger: float, number: int = 150) -> None:
    """Both variants show lists, which are answered in these shares; then their window is over."""
    trial.shows("champion", people("a", number), positive=champion)
    trial.shows("challenger", people("b", number), positive=challenger)
    trial.tally("champion", 20_000)
    trial.tally("challenger", 20_000)
    trial.wait(6)


def test_nothing_is_done_while_no_rollout_goes(trial: Trial) -> None:
    assert trial.look() == []


def test_it_waits_until_every_worker_is_warm(trial: Trial) -> None:
    trial.start()
    trial.workers(warm=False, names=())
    assert trial.look() == []
    assert trial.rollout.verdict["reason"] == "No worker of the inference service lives."
    trial.workers(warm=False)
    assert trial.look() == []
    assert trial.rollout.verdict["reason"] == "0 of 2 workers have version 2 in memory."
    trial.workers(warm=True)
    (said,) = trial.look()
    assert "version 2 is shadow: All 2 workers have version 2 in memory." in said
    assert trial.rollout.state == "shadow"


def test_a_worker_that_has_not_followed_the_deployment_yet_is_not_warm(trial: Trial) -> None:
    trial.start()
    trial.workers(warm=True)
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE workers SET revision = revision - 1 WHERE worker_id = 'w1'"))
    assert trial.look() == []
    assert trial.rollout.verdict["warm"] == 1


def test_blue_green_goes_to_champion_as_soon_as_the_workers_are_warm(trial: Trial) -> None:
    trial.start("blue-green")
    trial.workers(warm=True)
    trial.look()
    with trial.engine.connect() as connection:
        now = deployment.get(connection)
    assert (now.champion, now.previous, now.mode) == (2, 1, "none")
    assert trial.rollout.state == "promoted"


@pytest.mark.parametrize("problem", ["version 2 cannot be fetched", "version 1 (champion) cannot be fetched"])
def test_a_worker_that_cannot_fetch_a_model_as_yet_is_waited_for(trial: Trial, problem: str) -> None:
    trial.start()
    trial.workers(warm=False, problem=problem)
    trial.wait(5)
    assert trial.look() == []
    assert trial.rollout.state == "planned"
    assert problem in trial.rollout.verdict["reason"]
    trial.workers(warm=True)
    trial.look()
    assert trial.rollout.state == "shadow"


def test_a_worker_that_comes_late_and_cannot_fetch_a_model_ends_no_canary(trial: Trial) -> None:
    trial.start_canary()
    trial.workers(warm=False, problem="the registry is away")
    trial.wait(5)
    assert trial.look() == []
    assert trial.rollout.state == "canary"


def test_a_version_that_a_worker_has_given_up_goes_back_with_the_workers_reason(trial: Trial) -> None:
    trial.start()
    trial.workers(warm=False, problem="the champion's own.", refusal="ranking.npy is damaged.")
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert trial.rollout.outcome == "A worker on here cannot serve version 2: ranking.npy is damaged."
    assert trial.champion == 1


def test_the_shadow_goes_on_when_it_has_seen_enough(trial: Trial) -> None:
    trial.start()
    trial.workers(warm=True)
    trial.look()
    sound = {"errors": 0, "overlap": 60.0, "champion_ms": 100.0, "challenger_ms": 130.0}
    trial.shadow(compared=99, **sound)
    trial.wait(2)
    assert trial.look() == [], "99 of 100 lists"
    trial.shadow(compared=120, seconds={"0.001": 100, "inf": 20}, **sound)
    trial.look()
    assert (trial.rollout.state, trial.rollout.step) == ("canary", 1)
    figures = trial.evidence()["verdict"]["figures"]
    assert (figures["overlap"], figures["times_slower"], figures["lists"]) == (0.5, 1.3, 120)
    assert figures["seconds"] == {"0.001": 100, "inf": 20}
    with trial.engine.connect() as connection:
        assert deployment.get(connection).share == 0.1


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        ({"compared": 95, "errors": 5, "overlap": 50}, "5.00% of its lists failed"),
        ({"compared": 0, "errors": 100}, "100.00% of its lists failed"),
        ({"compared": 100, "errors": 0, "overlap": 10}, "share 10.0% of their items"),
        (
            {"compared": 100, "errors": 0, "overlap": 50, "champion_ms": 100, "challenger_ms": 600},
            "6.0 times as long",
        ),
    ],
)
def test_a_challenger_that_is_broken_in_the_shadow_is_seen_by_nobody(
    trial: Trial, figures: dict[str, float], why: str
) -> None:
    trial.start()
    trial.workers(warm=True)
    trial.look()
    trial.shadow(**figures)
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert why in str(trial.rollout.outcome)
    with trial.engine.connect() as connection:
        assert [step.share for step in rollouts.steps(connection, trial.number)] == [0.0]


def test_a_worse_challenger_is_rolled_back_with_the_evidence(trial: Trial) -> None:
    trial.start_canary()
    _everything_is_shown(trial, champion=0.5, challenger=0.1)
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert trial.champion == 1
    evidence = trial.evidence()
    (positive,) = (f for f in evidence["verdict"]["findings"] if f["metric"] == "positive")
    assert evidence["state"] == "rolled_back"
    assert positive["verdict"] == "worse"
    assert (positive["champion"], positive["challenger"]) == pytest.approx((0.5, 0.1), abs=0.001)
    assert (positive["people_champion"], positive["people_challenger"]) == (150, 150)
    with trial.engine.connect() as connection:
        newest = alerts.list_page(connection, limit=1, only_open=True)[0]
    assert (newest.kind, newest.subject) == ("rolled back", "version 2")
    with trial.engine.connect() as connection:
        assert versions.approved(connection) == [3, 1], "what was sent back does not stand in"


def test_a_ruinous_challenger_is_rolled_back_before_the_time_to_answer_is_over(trial: Trial) -> None:
    trial.start_canary()
    trial.shows("champion", people("a", 150), positive=0.5)
    trial.shows("challenger", people("b", 150), positive=0.05)
    trial.wait(0.6)  # of the minute in which an answer counts; 30 s and the time to write are over
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert str(trial.rollout.outcome).startswith("early: the whole interval is ")
    counted = {f["metric"]: f["observations"] for f in trial.evidence()["verdict"]["findings"]}
    assert (counted["early"], counted["positive"]) == (900, 0)


def test_somewhat_fewer_early_answers_wait_for_the_late_ones(trial: Trial) -> None:
    trial.start_canary()
    trial.shows("champion", people("a", 150), positive=0.5)
    trial.shows("challenger", people("b", 150), positive=0.35)
    trial.wait(0.6)
    assert trial.look() == []
    assert trial.rollout.state == "canary"


def test_a_second_rollback_is_told_though_nobody_has_seen_to_the_first(trial: Trial) -> None:
    for _ in range(2):
        trial.start_canary()
        trial.tally("champion", 20_000)
        trial.tally("challenger", 20_000, errors=1.0)
        trial.look()
        with trial.engine.connect() as connection:
            (told,) = alerts.open_about(connection, "version 2")
        assert told.message.startswith(f"Rollout {trial.number} was rolled back")


def test_a_challenger_whose_lists_fail_is_rolled_back_before_any_answer_has_come(trial: Trial) -> None:
    trial.start_canary()
    trial.tally("champion", 20_000)
    trial.tally("challenger", 20_000, errors=1.0)
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert "errors" in str(trial.rollout.outcome)


def test_a_challenger_that_predicts_worse_is_rolled_back(trial: Trial) -> None:
    trial.start_canary()
    for number, name in enumerate(people("p", 60)):
        trial.score(name, f"i{number % 20:03d}", stars=4.0, champion=3.9, challenger=2.0 + 0.01 * number)
    trial.look()
    assert trial.rollout.state == "rolled_back"
    assert "error" in str(trial.rollout.outcome)


def test_a_better_challenger_goes_up_step_by_step_to_champion(trial: Trial) -> None:
    trial.start_canary()
    _everything_is_shown(trial, champion=0.2, challenger=0.6)
    trial.look()
    assert (trial.rollout.state, trial.rollout.step) == ("canary", 2)
    trial.look()
    assert trial.rollout.step == 2, "the second step has its own time and people"
    _everything_is_shown(trial, champion=0.2, challenger=0.6)
    trial.look()
    assert trial.rollout.state == "promoted"
    assert trial.champion == 2
    assert trial.evidence()["verdict"]["verdict"] == "better"


def test_a_step_waits_for_its_people(trial: Trial) -> None:
    trial.start_canary()
    _everything_is_shown(trial, champion=0.5, challenger=0.5, number=29)
    assert trial.look() == []
    assert trial.rollout.verdict["reached"] == {
        "minutes": 6.03,  # of which two seconds are those of the two deals of lists
        "of_minutes": 2.0,
        "people": 29,
        "of_people": 30,
    }


def test_without_guardrails_no_step_is_taken(trial: Trial) -> None:
    trial.start_canary()
    trial.shows("champion", people("a", 150), positive=0.2, worker_writes=False)
    trial.shows("challenger", people("b", 150), positive=0.6, worker_writes=False)
    trial.wait(6)
    assert trial.look() == []
    verdicts = {f["metric"]: f["verdict"] for f in trial.rollout.verdict["findings"]}
    assert verdicts["positive"] == "better"
    assert verdicts["errors"] == "inconclusive"


def test_no_data_is_never_a_pass(trial: Trial) -> None:
    trial.start_canary()
    trial.wait(119)
    assert trial.look() == []
    trial.wait(2)
    trial.look()
    assert trial.rollout.state == "inconclusive"
    assert "It came to no conclusion within 2 h" in str(trial.rollout.outcome)
    assert trial.champion == 1


def test_no_data_in_the_shadow_is_no_pass_either(trial: Trial) -> None:
    trial.start()
    trial.workers(warm=True)
    trial.look()
    trial.wait(121)
    trial.look()
    assert trial.rollout.state == "inconclusive"


def test_as_good_but_unsure_ends_inconclusive_at_the_longest_time(trial: Trial) -> None:
    trial.start_canary()
    _everything_is_shown(trial, champion=0.3, challenger=0.3, number=40)
    trial.look()
    trial.wait(121)
    trial.look()
    assert trial.rollout.state == "inconclusive"
    assert trial.rollout.verdict["verdict"] == "inconclusive"


def test_new_data_for_the_champions_recipe_may_pass_on_guardrails_at_the_longest_time(trial: Trial) -> None:
    trial.start_canary("starved")
    _everything_is_shown(trial, champion=0.3, challenger=0.3, number=10)
    assert trial.look() == []
    trial.wait(121)
    trial.look()
    assert trial.rollout.state == "promoted"
    assert "every guardrail is good: the policy lets it pass" in trial.evidence()["verdict"]["reason"]
    assert trial.champion == 2


def test_guardrails_without_data_let_nothing_pass(trial: Trial) -> None:
    trial.start_canary("starved")
    trial.wait(121)
    trial.look()
    assert trial.rollout.state == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE model_versions SET semantic_version = '1.1.0' WHERE version = 2",
        "UPDATE model_versions SET trained_through = '1998-01-01Z' WHERE version = 2",
        """UPDATE model_versions SET facts = '{"origin": "imported"}' WHERE version = 2""",
    ],
    ids=["another recipe", "no newer data", "made elsewhere"],
)
def test_what_is_not_new_data_for_the_recipe_does_not_pass_on_guardrails(trial: Trial, change: str) -> None:
    with trial.engine.begin() as connection:
        before = versions.get(connection, 2)
        connection.execute(text(change))
    try:
        trial.start_canary("starved")
        _everything_is_shown(trial, champion=0.3, challenger=0.3, number=10)
        trial.wait(121)
        trial.look()
    finally:
        with trial.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE model_versions SET semantic_version = '1.0.2', facts = '{}', "
                    "trained_through = :through WHERE version = 2"
                ),
                {"through": before.trained_through},
            )
    assert trial.rollout.state == "inconclusive"


def test_a_plan_that_another_release_froze_ends_the_rollout(trial: Trial) -> None:
    trial.start_canary()
    with trial.engine.begin() as connection:
        connection.execute(
            text("UPDATE rollouts SET plan = jsonb_set(plan, '{preset,colour}', '1') WHERE rollout_id = :id"),
            {"id": trial.number},
        )
    with pytest.raises(Conflict, match="cannot be read by this release"):
        advance(trial.engine, trial.number, actor="ada", reason="on")
    (said,) = trial.look()
    assert trial.rollout.state == "aborted"
    assert "cannot be read by this release" in said
    with trial.engine.connect() as connection:
        assert deployment.get(connection).mode == "none"
    assert trial.look() == []


def test_what_is_kept_of_people_goes_with_the_rollout(trial: Trial) -> None:
    trial.start_canary()
    _everything_is_shown(trial, champion=0.5, challenger=0.5)
    trial.score("a0001", "i004", stars=4.0, champion=3.0, challenger=3.1)
    trial.look()
    assert _rows_of_people(trial.engine) > 0
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    assert _rows_of_people(trial.engine) == 0


def test_a_deployment_that_was_changed_under_the_rollout_ends_it(trial: Trial) -> None:
    trial.start_canary()
    with trial.engine.begin() as connection:  # not through the lifecycle, which would have seen to it
        revision = deployment.get(connection).revision
        deployment.set_champion(
            connection, 3, expected_revision=revision, actor="x", action="promote", reason="", evidence={}
        )
    trial.look()
    assert trial.rollout.state == "aborted"
    assert trial.champion == 3


def test_a_promotion_by_a_person_ends_the_rollout(trial: Trial) -> None:
    trial.start_canary()
    with trial.engine.connect() as connection:
        revision = deployment.get(connection).revision
    promote(trial.engine, 3, actor="ada", reason="now", evidence={}, expected_revision=revision)
    assert trial.rollout.state == "aborted"
    assert trial.look() == []


def _rows_of_people(engine: Engine) -> int:
    with engine.connect() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (rollout_outcomes, scored_ratings)
        )
