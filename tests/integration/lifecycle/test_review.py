"""Who may sign, and what comes of it, on a real Postgres."""

import threading
from collections.abc import Callable, Sequence
from typing import Literal

import pytest
from sqlalchemy import Engine

from marquee.domain.errors import Conflict, Forbidden, InvalidInput, MarqueeError, NotFound
from marquee.lifecycle.retirement import archive
from marquee.lifecycle.review import (
    Reviewed,
    review,
    same_person,
)
from marquee.lifecycle.states import FOLLOWING
from marquee.settings.policy import Review as ReviewPolicy
from marquee.store import audit, reviews, versions
from tests.support.versions import plant_version
from tests.support.world import load_world

Part = Literal["technical", "business"]
Decision = Literal["approve", "decline"]
ONE = ReviewPolicy()
TWO = ReviewPolicy(sign_offs=("technical", "business"), own="refuse")


@pytest.fixture(scope="module", autouse=True)
def world(engine: Engine) -> None:
    with engine.begin() as connection:
        load_world(connection)


@pytest.fixture
def plant(engine: Engine) -> Callable[..., int]:
    """Plants a version of a number of its own."""

    def new(state: str = "validated", **more: object) -> int:
        with engine.begin() as connection:
            known = [one.version for one in versions.list_all(connection)]
            number = max(known, default=0) + 1
            plant_version(connection, number, state, **more)
        return number

    return new


def _review(
    engine: Engine,
    version: int,
    reviewer: str,
    *,
    part: Part = "technical",
    decision: Decision = "approve",
    policy: ReviewPolicy = ONE,
    comment: str = "Looked at every gate.",
) -> Reviewed:
    return review(
        engine, version, part=part, decision=decision, comment=comment, reviewer=reviewer, policy=policy
    )


def _state(engine: Engine, version: int) -> str:
    with engine.connect() as connection:
        return versions.get(connection, version).state


def _actions(engine: Engine, version: int) -> list[str]:
    with engine.connect() as connection:
        return [entry.action for entry in audit.of_subject(connection, f"version {version}")]


def test_one_sign_off_approves_and_the_review_knows_the_audit_it_was_given_on(
    engine: Engine, plant: Callable[..., int]
) -> None:
    version = plant()
    with engine.connect() as connection:
        head = audit.head(connection)
    done = _review(engine, version, "operator:bob")
    assert (done.state, done.missing, done.review.audit_head) == ("approved", (), head)
    assert _state(engine, version) == "approved"
    assert _actions(engine, version) == ["approve"]


def test_two_parts_need_two_people(engine: Engine, plant: Callable[..., int]) -> None:
    version = plant()
    first = _review(engine, version, "operator:bob", policy=TWO)
    assert (first.state, first.missing) == ("validated", ("business",))
    with pytest.raises(Conflict, match="signed already, by operator:bob"):
        _review(engine, version, "operator:eve", policy=TWO)
    with pytest.raises(Forbidden, match="signed version"):
        _review(engine, version, "key:Bob", part="business", policy=TWO)
    assert _state(engine, version) == "validated"
    second = _review(engine, version, "operator:eve", part="business", policy=TWO)
    assert (second.state, second.missing) == ("approved", ())
    assert _actions(engine, version) == ["sign", "approve"]


def test_a_policy_that_asks_for_less_than_it_did_leaves_no_version_behind(
    engine: Engine, plant: Callable[..., int]
) -> None:
    version = plant()
    _review(engine, version, "operator:bob", policy=TWO)
    assert _review(engine, version, "operator:bob", policy=ONE).state == "approved"


def test_one_who_declines_ends_it_even_after_having_signed(engine: Engine, plant: Callable[..., int]) -> None:
    version = plant()
    _review(engine, version, "operator:bob", policy=TWO)
    done = _review(engine, version, "operator:bob", decision="decline", policy=TWO, comment="I was wrong.")
    assert done.state == "declined"
    with pytest.raises(Conflict, match="it was declined already"):
        _review(engine, version, "operator:eve", part="business", policy=TWO)


@pytest.mark.parametrize("reviewer", ["shell:ann", "operator:Ann", "key:ann", "ann"])
def test_who_had_it_made_may_not_approve_it_where_the_policy_refuses(
    engine: Engine, plant: Callable[..., int], reviewer: str
) -> None:
    version = plant(requested_by="command line:ann")
    with pytest.raises(Forbidden, match="may not approve it"):
        _review(engine, version, reviewer, policy=TWO)
    assert _review(engine, version, reviewer, decision="decline", policy=TWO).state == "declined"


def test_who_had_it_made_may_approve_it_where_the_policy_allows(
    engine: Engine, plant: Callable[..., int]
) -> None:
    assert _review(engine, plant(requested_by="operator:bob"), "operator:bob").state == "approved"


@pytest.mark.parametrize("state", sorted(set(FOLLOWING) - {"validated"}))
@pytest.mark.parametrize("decision", ["approve", "decline"])
def test_only_validated_versions_are_reviewed(
    engine: Engine, plant: Callable[..., int], state: str, decision: Decision
) -> None:
    version = plant(state)
    with pytest.raises(Conflict, match=f"Version {version} is {state}: "):
        _review(engine, version, "operator:bob", decision=decision)
    assert _state(engine, version) == state
    assert _actions(engine, version) == []


def test_a_review_has_a_comment_and_a_part_that_is_asked_for(
    engine: Engine, plant: Callable[..., int]
) -> None:
    version = plant()
    with pytest.raises(InvalidInput, match="needs a comment"):
        _review(engine, version, "operator:bob", comment=" \n")
    with pytest.raises(InvalidInput, match=r"policy\.yaml asks for: technical"):
        _review(engine, version, "operator:bob", part="business")
    with pytest.raises(NotFound):
        _review(engine, 9_999, "operator:bob")


def _at_once(tries: Sequence[Callable[[], object]]) -> list[object]:
    """What each of several calls returned or raised, all begun at the same moment."""
    results: list[object] = [None] * len(tries)
    gate = threading.Barrier(len(tries))

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = tries[place]()
        except MarqueeError as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(tries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("decisions", [("approve", "approve"), ("approve", "decline")])
def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told(
    engine: Engine, plant: Callable[..., int], decisions: tuple[Decision, Decision]
) -> None:
    for _ in range(10):
        version = plant()
        names = ("operator:bob", "operator:eve")
        results = _at_once(
            [
                lambda v=version, n=name, d=decision: _review(engine, v, n, decision=d)  # type: ignore[misc]
                for name, decision in zip(names, decisions, strict=True)
            ]
        )
        (won,) = [one for one in results if isinstance(one, Reviewed)]
        (lost,) = [one for one in results if isinstance(one, Conflict)]
        assert f"Version {version} is {won.state}" in str(lost)
        with engine.connect() as connection:
            assert len(reviews.of_version(connection, version)) == 1
        assert len(_actions(engine, version)) == 1


def test_two_parts_signed_at_once_both_count(engine: Engine, plant: Callable[..., int]) -> None:
    for _ in range(10):
        version = plant()
        results = _at_once(
            [
                lambda v=version: _review(engine, v, "operator:bob", part="technical", policy=TWO),  # type: ignore[misc]
                lambda v=version: _review(engine, v, "operator:eve", part="business", policy=TWO),  # type: ignore[misc]
            ]
        )
        assert sorted(one.state for one in results if isinstance(one, Reviewed)) == ["approved", "validated"]
        assert _state(engine, version) == "approved"


def test_the_same_person_is_known_by_the_name_whatever_the_way_in() -> None:
    assert same_person("operator:ann", "key:Ann ")
    assert not same_person("operator:ann", "operator:anna")
    assert not same_person("", "")
    assert not same_person("", "operator:ann")


# ---- archiving ----


def test_what_will_not_serve_is_put_away_and_nothing_else(engine: Engine, plant: Callable[..., int]) -> None:
    for state in FOLLOWING:
        version = plant(state)
        if state in ("rejected", "declined", "retired"):
            archive(engine, version, actor="operator:bob", reason="old")
            assert _state(engine, version) == "archived"
            assert _actions(engine, version) == ["archive"]
        else:
            with pytest.raises(Conflict, match=f"Version {version} is {state} and cannot become archived"):
                archive(engine, version, actor="operator:bob", reason="old")
            assert _state(engine, version) == state
