"""Parts of something large wait for its end, but not for ever."""

from app.serving.postponed import LONGEST_SECONDS, QUIET_SECONDS, Postponed

from marquee.store.changes import MORE, Change

PART = Change(1, "ratings", MORE)
END = Change(2, "ratings", None)
ONE = Change(3, "rating", MORE)  # somebody whose id is that word


def test_a_part_waits_for_its_end() -> None:
    postponed = Postponed()
    assert postponed.due([PART], 0.0) == []
    assert postponed.due([PART], 1.0) == []
    assert postponed.due([END], 2.0) == [END]
    assert postponed.due([], 2.0 + LONGEST_SECONDS) == []


def test_a_part_and_its_end_read_together_are_one() -> None:
    assert Postponed().due([PART, END], 0.0) == [END]


def test_parts_whose_end_does_not_come_are_applied_when_it_is_quiet() -> None:
    postponed = Postponed()
    postponed.due([PART], 0.0)
    assert postponed.due([], QUIET_SECONDS - 0.1) == []
    assert postponed.due([], QUIET_SECONDS) == [Change(1, "ratings", None)]
    assert postponed.due([], QUIET_SECONDS + 1) == []


def test_parts_that_come_without_pause_are_applied_now_and_then() -> None:
    postponed = Postponed()
    due = [second for second in range(700) if postponed.due([PART], float(second))]
    assert due == [300, 601]


def test_other_changes_do_not_wait() -> None:
    assert Postponed().due([ONE, PART], 0.0) == [ONE]
