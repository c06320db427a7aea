from datetime import UTC, datetime

import numpy as np

from marquee.recommend.filters import NO_FILTERS, Filters
from marquee.recommend.rules import NO_RULES
from marquee.recommend.showable import MOST_KEPT, RuleBook, Showable
from marquee.settings.serving import Rule
from tests.unit.recommend.test_facts import FACTS
from tests.unit.recommend.test_rules import INDEX

ALL = np.ones(4, np.bool_)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HIDE_A = Rule.model_validate(
    {"name": "no rights", "action": "hide", "where": {"items": ["a"]}, "since": NOON}
)


def _rows(barred: np.ndarray | None) -> list[int]:
    assert barred is not None
    return np.flatnonzero(barred == 0).tolist()


def test_what_is_hidden_passes_no_filter() -> None:
    showable = Showable(FACTS, np.array([True, True, False, True]), NO_RULES)
    assert _rows(showable.barred(NO_FILTERS)) == [0, 1, 3]
    assert _rows(showable.barred(Filters(any_category=("War",)))) == [0]
    assert showable.count == 3


def test_where_everything_may_be_shown_nothing_is_barred() -> None:
    assert Showable(FACTS, ALL, NO_RULES).barred(NO_FILTERS) is None


def test_filters_are_worked_out_once_and_inventing_them_fills_no_memory() -> None:
    showable = Showable(FACTS, ALL, NO_RULES)
    first = showable.barred(Filters(year_from=2000))
    assert showable.barred(Filters(year_from=2000)) is first
    for year in range(2 * MOST_KEPT):
        showable.barred(Filters(year_to=year))
    assert len(showable._kept) == MOST_KEPT


def test_rules_are_compiled_anew_when_one_begins_and_only_then() -> None:
    book = RuleBook([HIDE_A], FACTS, ALL, INDEX.rows)
    before = book.at(NOON.timestamp() - 60)
    assert book.at(NOON.timestamp() - 1) is before
    assert before.barred(NO_FILTERS) is None
    after = book.at(NOON.timestamp())
    assert _rows(after.barred(NO_FILTERS)) == [1, 2, 3]
    assert _rows(after.barred(Filters(any_category=("Comedy",)))) == [3]
    assert book.at(NOON.timestamp() + 1e9) is after
    assert book.at(NOON.timestamp() - 60).barred(NO_FILTERS) is None  # a clock that was put back
