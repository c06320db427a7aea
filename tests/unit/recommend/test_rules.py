"""Rules compiled for four films: a (Comedy, War), b, c (War), d (Comedy)."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import pytest

from marquee.domain.history import ItemIndex
from marquee.recommend.rules import NO_RULES, compile_rules
from marquee.settings.serving import Rule
from tests.unit.recommend.test_facts import FACTS

INDEX = ItemIndex("abcd")
MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


def _rows(item_ids: Iterable[str]) -> np.ndarray:
    return INDEX.rows(item_ids)


def _compiled(*rules: dict[str, object], now: float = 0.0):
    named = [Rule.model_validate({"name": f"rule {place}", **rule}) for place, rule in enumerate(rules)]
    return compile_rules(named, FACTS, _rows, now)


def test_without_rules_nothing_is_compiled() -> None:
    assert compile_rules([], FACTS, _rows, 0.0) is NO_RULES


def test_boosts_and_burials_of_one_item_multiply() -> None:
    """a: 2 of Comedy x 1/4 of War; c: 1/4; d: 2."""
    rules = _compiled(
        {"action": "boost", "factor": 2, "where": {"category": "Comedy"}},
        {"action": "bury", "factor": 4, "where": {"category": "War"}},
    )
    assert rules.factors is not None
    rows, factors = rules.factors
    assert dict(zip(rows.tolist(), factors.tolist(), strict=True)) == {0: 0.5, 2: 0.25, 3: 2.0}
    assert rules.hidden is None
    assert [rule.name for rule in rules.moving(0)] == ["rule 0", "rule 1"]
    assert [rule.name for rule in rules.moving(2)] == ["rule 1"]
    assert rules.moving(1) == []


def test_a_rule_is_about_the_items_that_pass_all_that_it_gives() -> None:
    rules = _compiled(
        {"action": "hide", "where": {"items": ["d", "a", "no such"], "category": "Comedy"}},
        {"action": "hide", "where": {"category": "War", "attributes": {"awards": 5, "studio": "Ghibli"}}},
        {"action": "hide", "where": {"attributes": {"colour": True}}},
    )
    assert rules.hidden is not None
    assert rules.hidden.tolist() == [0, 1, 3]
    assert rules.factors is None


def test_pins_keep_the_order_of_their_ids() -> None:
    (pin,) = _compiled({"action": "pin", "position": 2, "where": {"items": ["d", "no such", "b"]}}).pins
    assert (pin.position, pin.rows.tolist()) == (2, [3, 1])


@pytest.mark.parametrize(
    ("now", "holds", "begins", "ends"),
    [
        (MARCH.timestamp() - 0.001, False, -math.inf, MARCH.timestamp()),
        (MARCH.timestamp(), True, MARCH.timestamp(), APRIL.timestamp()),
        (APRIL.timestamp() - 0.001, True, MARCH.timestamp(), APRIL.timestamp()),
        (APRIL.timestamp(), False, APRIL.timestamp(), math.inf),
    ],
)
def test_a_rule_holds_from_its_first_moment_to_before_its_last(
    now: float, holds: bool, begins: float, ends: float
) -> None:
    rules = _compiled({"action": "hide", "where": {"items": ["a"]}, "since": MARCH, "until": APRIL}, now=now)
    assert (rules.hidden is not None) == holds
    assert (rules.begins, rules.ends) == (begins, ends)
