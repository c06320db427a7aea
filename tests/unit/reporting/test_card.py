"""A card says what is recorded, leaves open what is not, and calls nothing good that is not known."""

from dataclasses import replace
from typing import Any

import pytest

from marquee.reporting.card import Card, card_report
from marquee.reporting.card_gates import gates_section, slices_section
from marquee.reporting.model import Findings, Mark, Number, Section, Table
from marquee.reporting.render import to_markdown
from marquee.settings.card import CardWords
from marquee.store.reviews import Review
from marquee.store.snapshots import SnapshotRecord
from tests.support.versions import FAILED, PASSED, SLICED, VERSION
from tests.support.world import NOW

CARD = Card(
    version=VERSION,
    serves="",
    snapshot=SnapshotRecord("ab" * 32, 280, 40, 20, NOW, NOW, NOW),
    words=CardWords(),
    reviews=(),
    rollouts=(),
    relatives=(),
    history=(),
    manifest=None,
    audit_head="c0" * 32,
    audit_rows=5,
    written_at=NOW,
)
BARE = replace(CARD, version=replace(VERSION, metrics={}, gates=(), facts={}), snapshot=None)


def _section(card: Card, title: str) -> Section:
    return next(section for section in card_report(card).sections if section.title == title)


def _answers(card: Card) -> dict[str, str]:
    (table,) = _section(card, "Ethics checklist").blocks
    assert isinstance(table, Table)
    return {str(row[0]): row[1].text for row in table.rows if isinstance(row[1], Mark)}


def test_a_card_with_everything_lacks_nothing() -> None:
    assert CARD.missing == []


def test_a_card_of_a_version_that_nothing_is_known_of_lacks_everything_and_can_be_written() -> None:
    assert len(BARE.missing) == 6
    text = to_markdown(card_report(BARE))
    assert "Nothing was measured" in text
    assert "No gate has judged it." in text
    assert "Nothing is recorded of the data" in text
    assert "No person has reviewed it." in text


def test_nothing_is_called_good_that_is_not_known() -> None:
    assert set(_answers(BARE).values()) == {"not known"}


@pytest.mark.parametrize(
    ("gates", "groups", "every"),
    [
        ((PASSED, SLICED), "yes", "yes"),
        ((PASSED,), "not known", "yes"),
        ((FAILED, SLICED), "yes", "no"),
        ((PASSED, {**SLICED, "passed": False}), "no", "no"),
    ],
)
def test_gates_answer_for_what_they_judged(
    gates: tuple[dict[str, Any], ...], groups: str, every: str
) -> None:
    found = _answers(replace(CARD, version=replace(VERSION, gates=gates)))
    assert found["No group of people is served much worse than before"] == groups
    assert found["Every gate let it pass"] == every


def test_who_declined_it_stands_against_its_approval() -> None:
    given = Review(1, 3, "operator:eve", "business", "decline", "Too soon.", "c0" * 32, NOW)
    found = replace(CARD, reviews=(given,))
    assert _answers(found)["Somebody answers for its approval"] == "no"
    assert "Too soon." in to_markdown(card_report(found))


def test_figures_stand_with_their_intervals_and_baselines_beside() -> None:
    recipe, baselines = (block for block in _section(CARD, "Figures").blocks if isinstance(block, Table))
    rows = {row[0]: row[1:] for row in recipe.rows}
    assert rows["nDCG@10"] == (Number(0.4321, 4, 0.4011, 0.4622), Number(0.2109, 4))
    assert rows["people"] == (Number(30, 0), Number(10, 0))
    assert baselines.columns == ("figure", "known people")


def test_what_stopped_it_is_told_before_the_tables() -> None:
    unjudged = {**PASSED, "name": "new.ndcg", "passed": False, "judged": False, "reason": "Nobody is new."}
    found, table = gates_section(replace(VERSION, gates=(PASSED, unjudged))).blocks
    assert isinstance(found, Findings)
    assert [(one.title, one.seen) for one in found.found] == [("new.ndcg: not judged", "Nobody is new.")]
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows] == [Mark("passed", "good"), Mark("not judged", "bad")]


def test_each_group_of_people_has_its_difference() -> None:
    words, table = slices_section(VERSION).blocks
    assert words == SLICED["reason"]
    assert isinstance(table, Table)
    assert table.rows == (
        ("F", Mark("passed", "good"), Number(0.0012, 4, -0.011, 0.013, signed=True), Number(18, 0)),
        ("M", Mark("not judged"), Number(None, 4, None, None, signed=True), Number(4, 0)),
    )


def test_gates_of_an_older_release_can_still_be_read() -> None:
    old = {
        "name": "known.rmse",
        "passed": True,
        "candidate": 0.91,
        "champion": 0.92,
        "margin": 0.01,
        "reason": "fine",
    }
    (table,) = gates_section(replace(VERSION, gates=(old,))).blocks
    assert isinstance(table, Table)
    assert table.rows[0][2:5] == (Number(0.91, 4), "champion", Number(0.92, 4))
