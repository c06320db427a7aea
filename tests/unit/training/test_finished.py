"""The gates of finished files: a sound bundle passes, a damaged one or one that cannot answer does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from marquee.data.quality import CheckResult, Quality
from marquee.models.bundle import Bundle
from marquee.settings import Serving
from marquee.settings.policy import CostRules
from marquee.training.finished import (
    answers_gate,
    data_gate,
    integrity_gate,
    list_gates,
    size_gates,
    time_gates,
)
from marquee.training.snapshot import Tables
from tests.support.world import world_items, world_ratings, world_users, write_world_bundle

TABLES = Tables(world_ratings(), world_items(), world_users())


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_world_bundle(tmp_path / "bundle")
    return tmp_path / "bundle"


def _integrity(folder: Path, serving: Serving | None = None):
    return integrity_gate(folder, TABLES, serving or Serving(), sample=7, k=5)


def test_a_sound_bundle_passes_for_people_and_a_newcomer(bundle: Path) -> None:
    gate = _integrity(bundle)
    assert gate.passed, gate.reason
    assert (gate.name, gate.kind, gate.people) == ("integrity.bundle", "integrity", 8)


def test_a_changed_byte_fails_and_the_file_is_named(bundle: Path) -> None:
    weights = bundle / "ranking.weights.npy"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    gate = _integrity(bundle)
    assert not gate.passed
    assert gate.judged
    assert "ranking.weights.npy does not have the SHA-256" in gate.reason


def test_a_missing_file_fails(bundle: Path) -> None:
    (bundle / "items.json").unlink()
    assert "items.json is missing" in _integrity(bundle).reason


def test_a_bundle_that_has_nothing_to_list_fails(bundle: Path) -> None:
    """A chain of `similar` alone has nothing for somebody of whom nothing is known."""
    gate = _integrity(bundle, Serving.model_validate({"fallback": ["similar"]}))
    assert not gate.passed
    assert gate.reason.startswith("A list is empty (")


class _Forgetful:
    """A ranking model that gives another answer when it is asked for many at once."""

    def __init__(self, model) -> None:
        self._model = model

    def __getattr__(self, name: str):
        return getattr(self._model, name)

    def score_many(self, states):
        return self._model.score_many(states)[:, ::-1]


def test_other_scores_alone_than_together_are_a_fault(bundle: Path) -> None:
    whole = Bundle.open(bundle)
    assert answers_gate(whole, TABLES, Serving(), sample=7, k=5).passed
    spoiled = replace(whole, ranking=_Forgetful(whole.ranking))
    gate = answers_gate(spoiled, TABLES, Serving(), sample=7, k=5)
    assert not gate.passed
    assert "alone are not those of the person among others" in gate.reason


def _quality(*failing: str) -> Quality:
    return Quality(
        tuple(
            CheckResult(f"check {place}", "ratings", "", severity, "it holds", rows=1 if severity else 0)  # type: ignore[arg-type]
            for place, severity in enumerate(failing)
        )
    )


def test_errors_of_the_data_never_pass_and_warnings_as_many_as_are_allowed() -> None:
    assert data_gate(_quality("warning", "warning"), None).passed
    assert data_gate(_quality("warning", "warning"), 2).passed
    assert not data_gate(_quality("warning", "warning"), 1).passed
    gate = data_gate(_quality("error"), None)
    assert not gate.passed
    assert gate.candidate == 1.0
    assert "1 error" in gate.reason


def test_costs_are_held_against_the_policys_limits(bundle: Path) -> None:
    rules = CostRules(list_p95_ms=1.0, slower=2.0, bundle_mb=0.000001, training_seconds=5.0)
    timed = {"candidate": 0.9, "champion": 0.4}
    assert [gate.passed for gate in list_gates(rules, timed, with_champion=True)] == [True, False]
    assert [gate.passed for gate in list_gates(rules, timed, with_champion=False)] == [True]
    assert [gate.judged for gate in list_gates(rules, {}, with_champion=True)] == [False, False]
    assert [gate.passed for gate in size_gates(rules, bundle)] == [False]
    assert [gate.passed for gate in time_gates(rules, 4.9)] == [True]
    assert list(list_gates(CostRules(), timed, with_champion=True)) == []
