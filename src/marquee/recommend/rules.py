"""The business rules of serving.yaml, compiled to rows of one catalogue and one moment."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import NamedTuple, TypeAlias

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Float32, Int32
from marquee.recommend.facts import ItemFacts, text_of
from marquee.settings.serving import Rule, RuleWhere

RowsOfIds = Callable[[Iterable[str]], Int32]


Factors: TypeAlias = tuple[Int32, Float32]  # rows, each once, and what their relevance is multiplied by


class Applied(NamedTuple):
    """A rule that holds, and the rows it is about: in the order of the rule's ids, or ascending."""

    rule: Rule
    rows: Int32


class Pin(NamedTuple):
    """Rows for a place of lists, from 1, and those after it."""

    position: int
    rows: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What the rules mean between two moments, in which none of them begins or ends.

    Attributes:
        applied: the rules that hold.
        factors: what relevance is multiplied by; None where nothing is.
        hidden: rows that are left out, int32; None where none is.
        pins: in the order of the rules.
        begins, ends: seconds since 1970 from which, and until which (not included), this is right.
    """

    applied: tuple[Applied, ...] = ()
    factors: Factors | None = None
    hidden: Int32 | None = None
    pins: tuple[Pin, ...] = ()
    begins: float = -math.inf
    ends: float = math.inf

    def moving(self, row: int) -> list[Rule]:
        """The rules that are about a row, in their order."""
        return [one.rule for one in self.applied if (one.rows == row).any()]


NO_RULES = Rules()


def compile_rules(rules: Sequence[Rule], facts: ItemFacts, rows_of: RowsOfIds, now: float) -> Rules:
    """The rules as they are at `now`, in seconds since 1970.

    Args:
        rows_of: rows of items by id, -1 for those that the catalogue has not got.
    """
    if not rules:
        return NO_RULES
    moments = [_seconds(moment) for rule in rules for moment in (rule.since, rule.until) if moment]
    applied = tuple(Applied(rule, _rows(rule.where, facts, rows_of)) for rule in rules if _holds(rule, now))
    hidden = [one.rows for one in applied if one.rule.action == "hide"]
    return Rules(
        applied,
        factors=_factors(applied, len(facts)),
        hidden=np.unique(np.concatenate(hidden)) if hidden else None,
        pins=tuple(Pin(rule.position, rows) for rule, rows in applied if rule.position is not None),
        begins=max((moment for moment in moments if moment <= now), default=-math.inf),
        ends=min((moment for moment in moments if moment > now), default=math.inf),
    )


def _holds(rule: Rule, now: float) -> bool:
    begun = rule.since is None or _seconds(rule.since) <= now
    return begun and (rule.until is None or now < _seconds(rule.until))


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _rows(where: RuleWhere, facts: ItemFacts, rows_of: RowsOfIds) -> Int32:
    """Rows of the items that pass all that `where` gives: in the order of its ids, or ascending."""
    found: list[Int32] = []
    if where.items:
        ids = rows_of(dict.fromkeys(where.items))
        found.append(ids[ids != UNKNOWN_ROW])
    if where.category is not None:
        found.append(facts.categories.rows(where.category))
    for name, value in where.attributes.items():
        found.append(facts.attribute(name).rows(text_of(value)))
    return reduce(lambda kept, others: kept[np.isin(kept, others)], found)


def _factors(applied: Sequence[Applied], n_rows: int) -> Factors | None:
    """Rows whose relevance is multiplied, and by how much: of several rules by the product."""
    factors = np.ones(n_rows, np.float32)
    for rule, rows in applied:
        if rule.factor is not None:
            factors[rows] *= np.float32(rule.factor if rule.action == "boost" else 1.0 / rule.factor)
    moved = np.flatnonzero(factors != 1.0).astype(np.int32)
    return (moved, factors[moved]) if len(moved) else None
