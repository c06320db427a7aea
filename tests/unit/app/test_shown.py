"""What a worker remembers of what was shown."""

import pytest
from app.serving import shown
from app.serving.shown import ShownLately

from marquee.domain.errors import ConfigurationError
from marquee.settings.serving import Impressions, load_serving

HALF = Impressions(discount=0.5, discount_hours=1.0)


def test_items_lose_relevance_for_the_one_who_was_shown_them() -> None:
    lately = ShownLately(HALF, clock=lambda: 1000.0)
    lately.note("ada", "r1", 900.0, ["a", "b"])
    lately.note("ada", "r2", 950.0, ["a"])
    assert lately.factors("ada") == {"a": 0.25, "b": 0.5}
    assert lately.factors("bob") == {}


def test_a_list_that_is_heard_of_twice_counts_once() -> None:
    lately = ShownLately(HALF, clock=lambda: 1000.0)
    lately.note("ada", "r1", 900.0, ["a"])
    lately.note("ada", "r1", 900.0, ["a"])
    assert lately.factors("ada") == {"a": 0.5}


def test_it_ends_after_the_hours_of_the_settings() -> None:
    now = [1000.0]
    lately = ShownLately(HALF, clock=lambda: now[0])
    lately.note("ada", "r1", 1000.0, ["a"])
    now[0] += 3600.0
    assert lately.factors("ada") == {"a": 0.5}
    now[0] += 1.0
    assert lately.factors("ada") == {}


def test_an_answer_ends_it() -> None:
    lately = ShownLately(HALF, clock=lambda: 1000.0)
    lately.note("ada", "r1", 900.0, ["a", "b"])
    assert lately.factors("ada", {"a": 910.0}) == {"b": 0.5}


def test_memory_is_bounded_in_people_and_in_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "_MOST_PEOPLE", 2)
    monkeypatch.setattr(shown, "_MOST_LISTS", 3)
    lately = ShownLately(HALF, clock=lambda: 1000.0)
    for number in range(5):
        lately.note("ada", f"r{number}", 900.0, ["a"])
    assert lately.factors("ada") == {"a": 0.125}
    lately.note("bob", "r", 900.0, ["a"])
    lately.note("eve", "r", 900.0, ["a"])
    assert lately.factors("ada") == {}
    assert lately.factors("eve") == {"a": 0.5}


def test_it_goes_with_the_person() -> None:
    lately = ShownLately(HALF, clock=lambda: 1000.0)
    lately.note("ada", "r1", 900.0, ["a"])
    lately.forget("ada")
    assert lately.factors("ada") == {}


def test_a_discount_without_a_log_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "serving.yaml"
    path.write_text("impressions: {log: false, discount: 0.1}\n")
    with pytest.raises(ConfigurationError, match="a discount needs log: true"):
        load_serving(path)
