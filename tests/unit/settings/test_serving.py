"""What `configs/serving.yaml` may say, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from marquee.domain.errors import ConfigurationError
from marquee.settings import Serving, load_serving
from marquee.settings.environment import CHECKOUT

BOOST = {"name": "sale", "action": "boost", "factor": 2, "where": {"category": "Comedy"}}


def _load(folder: Path, content: dict[str, Any]) -> Serving:
    path = folder / "serving.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_serving(path)


def test_the_file_that_comes_with_marquee_is_the_defaults_and_some_kinds_of_feedback() -> None:
    shipped = load_serving(CHECKOUT / "configs" / "serving.yaml")
    assert shipped.model_copy(update={"feedback": Serving().feedback}) == Serving()
    assert shipped.feedback.kinds["play"].seen


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"feedback": {"kinds": {"like": {}}}}, "give weight or stars"),
        ({"feedback": {"kinds": {"like": {"weight": 1, "stars": 5}}}}, "give weight or stars"),
        ({"feedback": {"kinds": {"like": {"stars": 5.2}}}}, "'like' are not on the rating scale"),
        ({"feedback": {"kinds": {"like": {"weight": 1.5}}}}, "feedback.kinds.like.weight"),
        ({"fallback": ["popular", "popular"]}, "the document: fallback names the stage 'popular' twice.$"),
        ({"fallback": []}, "fallback"),
        ({"rules": [BOOST, BOOST]}, "the document: two rules have the name 'sale'.$"),
        ({"impressions": {"discount": True}}, "impressions.discount: a number is needed"),
        ({"rating_scale": {"min": False}}, "rating_scale.min: a number is needed"),
        ({"lists": {"default_size": True}}, "lists.default_size: a number is needed"),
        ({"feedback": {"half_life_days": True}}, "feedback.half_life_days: a number is needed"),
        ({"lists": {"default_size": 20, "largest_size": 19}}, "largest_size must not be below default_size"),
        ({"rating_scale": {"min": 0, "max": 10, "step": 4}}, "steps from min must lead to max"),
        ({"rules": [{**BOOST, "factor": None}]}, "boost and bury have a factor"),
        ({"rules": [{**BOOST, "position": 1}]}, "pin has a position"),
        ({"rules": [{**BOOST, "where": {}}]}, "give items, category or attributes"),
        (
            {"rules": [{**BOOST, "since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}]},
            "since must be before until",
        ),
        ({"rules": [{**BOOST, "since": "2026-02-01T00:00:00"}]}, "rules.0.since"),
    ],
)
def test_what_contradicts_itself_is_refused_and_named(
    tmp_path: Path, content: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        _load(tmp_path, content)


def test_booleans_are_taken_where_they_are_meant(tmp_path: Path) -> None:
    rule = {"name": "new", "action": "hide", "where": {"attributes": {"new": True, "seasons": 1}}}
    serving = _load(tmp_path, {"impressions": {"log": False}, "rules": [rule]})
    assert not serving.impressions.log
    assert serving.rules[0].where.attributes == {"new": True, "seasons": 1}


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1, 0.1), (1, 5, 1), (-1, 1, 2), (0, 100, 1 / 3)])
def test_a_scale_may_have_any_steps_that_lead_to_its_end(
    tmp_path: Path, low: float, high: float, step: float
) -> None:
    scale = {"min": low, "max": high, "step": step}
    assert _load(tmp_path, {"rating_scale": scale}).rating_scale.accepts(high)
