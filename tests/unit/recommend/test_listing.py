"""The pipeline over six items: a to f, with scores from 5 to 1 of a first stage, and a second one for all."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.recommend.chain import Ranked
from marquee.recommend.facts import Labels
from marquee.recommend.listing import Exploring, Listing, Wanted, barred_of, make_list
from marquee.recommend.rules import Pin, Rules
from marquee.recommend.topn import best_rows

A, B, C, D, E, F = range(6)
NOT = -np.inf
FIRST = Ranked("personal", np.array([5, 4, 3, NOT, NOT, 1], np.float32), 1.0)
SECOND = Ranked("popular", np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], np.float32), 0.0)
GENRES = Labels.of([("x",), ("x",), ("y",), ("y",), ("x",), ("y",)])


def _rows(*rows: int) -> np.ndarray:
    return np.array(rows, np.int32)


def _made(wanted: Wanted, *seen: int) -> Listing:
    return make_list((FIRST, SECOND), wanted, _rows(*seen))


def _names(listing: Listing) -> str:
    return "".join("abcdef"[row] for row in listing.rows)


def _factors(**factors: float) -> tuple[np.ndarray, np.ndarray]:
    rows = ["abcdef".index(name) for name in factors]
    return _rows(*rows), np.array(list(factors.values()), np.float32)


def test_stages_fill_a_list_one_after_the_other() -> None:
    listing = _made(Wanted(6))
    assert _names(listing) == "abcfed"
    assert listing.sources == ["personal"] * 4 + ["popular"] * 2
    assert listing.scores.tolist() == pytest.approx([5, 4, 3, 1, 0.5, 0.4])
    assert (listing.stage, listing.propensities, listing.more) == ("personal", None, False)


def test_a_stage_that_is_not_needed_is_not_computed() -> None:
    def stages() -> Iterator[Ranked]:
        yield FIRST
        raise AssertionError("the first stage has enough")

    assert _names(make_list(stages(), Wanted(3))) == "abc"


def test_a_list_knows_whether_there_is_more() -> None:
    assert _made(Wanted(5)).more
    assert not _made(Wanted(6)).more
    assert not _made(Wanted(6, excluded=_rows(A, B))).more
    assert not _made(Wanted(0)).more


def test_what_is_barred_or_excluded_stays_out_of_every_stage() -> None:
    barred = barred_of(np.array([False, True, True, True, True, False]))
    assert _names(_made(Wanted(6, barred, _rows(C, -1)))) == "bed"


def test_boosts_multiply_what_a_score_has_above_the_lowest() -> None:
    """b: 1 + (4 - 1) x 2 = 7 above a's 5; a: 1 + (5 - 1) / 4 = 2 below c's 3. The lowest stays the lowest."""
    boosted = _made(Wanted(4, rules=Rules(factors=_factors(b=2.0, f=100.0))))
    assert _names(boosted) == "bacf"
    assert boosted.scores.tolist() == [7.0, 5.0, 3.0, 1.0]
    assert _names(_made(Wanted(4, rules=Rules(factors=_factors(a=0.25))))) == "bcaf"


def test_a_boost_lifts_items_whose_scores_are_below_zero_too() -> None:
    below = Ranked("personal", np.array([-1, -2, -3], np.float32), -3.0)
    listing = make_list((below,), Wanted(3, rules=Rules(factors=_factors(b=3.0))))
    assert _names(listing) == "bac"
    assert listing.scores.tolist() == [0.0, -1.0, -3.0]


def test_rules_and_discount_multiply_and_leave_the_scores_of_the_state_alone() -> None:
    before = FIRST.scores.tolist()
    wanted = Wanted(3, rules=Rules(factors=_factors(b=2.0)), discount=_factors(b=0.5, a=0.0))
    listing = _made(wanted)
    assert _names(listing) == "bca"  # b: 1 + 3 x 2 x 0.5 = 4; a: next to nothing above 1
    assert listing.scores.tolist() == pytest.approx([4.0, 3.0, 1.0], abs=1e-4)
    assert FIRST.scores.tolist() == before


def test_a_discount_of_everything_leaves_an_item_in_its_stage() -> None:
    listing = _made(Wanted(4, discount=_factors(a=0.0)))
    assert _names(listing) == "bcaf"
    assert set(listing.sources) == {"personal"}


def test_without_categories_or_diversity_the_order_stays() -> None:
    assert _names(_made(Wanted(4, diversity=1.0))) == "abcf"
    assert _names(_made(Wanted(4, diversity=0.0, categories=GENRES))) == "abcf"


def test_diversity_orders_within_a_stage_and_never_across() -> None:
    """a (x), then c (y), then b and f: each is like half of the list, and b is the more relevant."""
    listing = _made(Wanted(6, diversity=0.9, categories=GENRES))
    assert _names(listing)[:4] == "acbf"
    assert set(_names(listing)[4:]) == {"d", "e"}
    assert listing.sources == ["personal"] * 4 + ["popular"] * 2
    assert listing.scores[:4].tolist() == [5.0, 3.0, 4.0, 1.0]


# ---- pins ----


def _pinned(position: int, *rows: int) -> Rules:
    return Rules(pins=(Pin(position, _rows(*rows)),))


def test_a_pin_stands_at_its_place_and_nowhere_else() -> None:
    listing = _made(Wanted(4, rules=_pinned(2, E)))
    assert _names(listing) == "aebc"
    assert listing.sources == ["personal", "pinned", "personal", "personal"]
    assert np.isnan(listing.scores[1])
    assert listing.stage == "personal"
    assert _names(_made(Wanted(3, rules=_pinned(1, B)))) == "bac"


def test_several_items_stand_from_the_place_on_and_rules_for_one_place_make_room() -> None:
    assert _names(_made(Wanted(4, rules=_pinned(2, F, D)))) == "afdb"
    both = Rules(pins=(Pin(1, _rows(E)), Pin(1, _rows(F))))
    assert _names(_made(Wanted(4, rules=both))) == "efab"


def test_what_is_seen_excluded_or_filtered_away_is_not_pinned() -> None:
    barred = barred_of(np.array([True, True, True, True, False, True]))
    pins = _pinned(1, D, E, F)
    assert _names(_made(Wanted(2, barred, _rows(D), pins), F)) == "ab"


def test_a_pin_beyond_the_end_of_a_short_list_stands_last() -> None:
    listing = _made(Wanted(10, excluded=_rows(A, B, C), rules=_pinned(9, F)))
    assert _names(listing) == "edf"
    assert listing.sources == ["popular", "popular", "pinned"]


def test_pins_count_places_from_the_first_page() -> None:
    rules = _pinned(4, E)
    assert _names(_made(Wanted(2, rules=rules))) == "ab"
    assert _names(_made(Wanted(2, excluded=_rows(A, B), rules=rules, offset=2))) == "ce"
    assert _names(_made(Wanted(2, excluded=_rows(A, B, C, E), rules=rules, offset=4))) == "fd"


def test_pins_that_did_not_fit_on_a_page_begin_the_next() -> None:
    rules = _pinned(1, D, E, F)
    assert _names(_made(Wanted(2, rules=rules))) == "de"
    assert _names(_made(Wanted(2, excluded=_rows(D, E), rules=rules, offset=2))) == "fa"


def test_a_list_of_nothing_but_pins_says_so() -> None:
    listing = _made(Wanted(2, rules=_pinned(1, D, E)))
    assert (listing.stage, listing.more) == ("pinned", True)


# ---- chance ----


def _exploring(share: float, seed: int, pool: int = 100) -> Exploring:
    return Exploring(share, pool, np.random.default_rng(seed))


def test_explored_items_come_from_the_next_best_and_the_propensities_are_right() -> None:
    """Two places, the two next best are c and f: each place keeps its own item with 0.7, or has either."""
    stood: Counter[tuple[int, int]] = Counter()
    times = 4_000
    for seed in range(times):
        listing = _made(Wanted(2, exploring=_exploring(0.3, seed, pool=2)))
        assert listing.propensities is not None
        for place, (row, source) in enumerate(zip(listing.rows.tolist(), listing.sources, strict=True)):
            own = row == (A, B)[place]
            assert source == ("personal" if own else "explored")
            assert listing.propensities[place] == pytest.approx(0.7 if own else 0.15)
            assert own or row in (C, F)
            stood[place, row] += 1
    for place, own in enumerate((A, B)):
        assert stood[place, own] / times == pytest.approx(0.7, abs=0.04)
        assert stood[place, C] / times == pytest.approx(0.15, abs=0.03)


def test_pins_are_certain_whatever_is_explored() -> None:
    for seed in range(20):
        listing = _made(Wanted(3, rules=_pinned(2, E), exploring=_exploring(0.5, seed)))
        assert (listing.rows[1], listing.sources[1]) == (E, "pinned")
        assert listing.propensities is not None
        assert listing.propensities[1] == 1.0
        assert listing.stage in ("personal", "pinned")


# ---- all at once ----

ROWS = st.sets(st.integers(0, 5))


@settings(deadline=None, max_examples=300)
@given(
    n=st.integers(0, 8),
    barred=ROWS,
    excluded=ROWS,
    pinned=st.lists(st.integers(0, 5), unique=True),
    position=st.integers(1, 9),
    offset=st.integers(0, 4),
    seen=ROWS,
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    share=st.sampled_from([None, 0.5]),
)
def test_a_list_is_as_long_as_it_can_be_and_holds_nothing_twice(
    n: int,
    barred: set[int],
    excluded: set[int],
    pinned: list[int],
    position: int,
    offset: int,
    seen: set[int],
    diversity: float,
    share: float | None,
) -> None:
    everything = SECOND.scores.copy()
    everything[list(seen)] = NOT
    mask = np.array([row not in barred for row in range(6)])
    wanted = Wanted(
        n,
        barred_of(mask),
        _rows(*excluded),
        _pinned(position, *pinned),
        _factors(a=2.0, d=0.5),
        diversity,
        GENRES,
        offset,
        None if share is None else _exploring(share, 3),
    )
    listing = make_list((Ranked("popular", everything, 0.0),), wanted, _rows(*seen))
    passing = set(range(6)) - barred - excluded - seen
    rows = listing.rows.tolist()
    assert len(rows) == len(set(rows)) == min(n, len(passing))
    assert set(rows) <= passing
    assert len(listing.sources) == len(listing.scores) == len(rows)
    assert listing.more == (n > 0 and len(passing) > n)
    assert listing.propensities is None or len(listing.propensities) == len(rows)


@given(
    scores=st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 1.5, 2.0, 3.0]), min_size=1, max_size=40),
    kept=st.integers(0, 45),
    n=st.integers(0, 12),
    barred=st.none() | st.sets(st.integers(0, 39)),
    excluded=st.none() | st.lists(st.integers(-1, 39), max_size=6),
)
def test_from_the_front_of_a_stage_come_the_lists_that_come_from_all_of_it(
    scores: list[float], kept: int, n: int, barred: set[int] | None, excluded: list[int] | None
) -> None:
    every, size = np.array(scores, np.float32), len(scores)
    wanted = Wanted(
        n,
        None if barred is None else barred_of(np.array([row not in barred for row in range(size)])),
        None if excluded is None else np.array([row for row in excluded if row < size], np.int32),
    )
    rest = Ranked("popular", np.arange(size, dtype=np.float32), 0.0)
    stages = [
        make_list((Ranked("personal", every, 0.0, front), rest), wanted)
        for front in (None, best_rows(every, kept))
    ]
    whole, quick = stages
    assert quick.rows.tolist() == whole.rows.tolist()
    assert quick.scores.tolist() == whole.scores.tolist()
    assert (quick.sources, quick.stage, quick.more) == (whole.sources, whole.stage, whole.more)
