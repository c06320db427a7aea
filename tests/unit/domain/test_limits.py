"""What may be kept as attributes."""

import pytest

from marquee.domain.limits import DEEPEST, LONGEST_ATTRIBUTE, MOST_VALUES, fault_of_attributes


def _nested(levels: int) -> dict[str, object]:
    """An object of that many levels."""
    value: dict[str, object] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"a": None, "b": [1, 2.5, "text", True], "c": {"d": "e" * LONGEST_ATTRIBUTE}},
        {"a": list(range(MOST_VALUES - 3))},  # the object, its key, its list
        {"n": 2**63},
        {"n": 9223372036854776000},  # how Postgres writes the float 2**63
        _nested(DEEPEST),
    ],
)
def test_what_json_can_say_within_bounds_is_kept(attributes: dict[str, object]) -> None:
    assert fault_of_attributes(attributes) is None


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"a": "b\0"}, "NUL"),
        ({"a\0": "b"}, "NUL"),
        ({"a": [{"b": "\0"}]}, "NUL"),
        ({"a": "x" * (LONGEST_ATTRIBUTE + 1)}, "more than 2,000 characters"),
        ({"a": list(range(MOST_VALUES - 2))}, "more than 1,000 values"),
        ({"a": float("nan")}, "number"),
        ({"a": float("inf")}, "number"),
        ({"a": 2**64}, "number"),
        ({"a": 10**400}, "number"),
        (_nested(DEEPEST + 1), "deeper than 8 levels"),
    ],
)
def test_what_cannot_be_kept_is_told(attributes: dict[str, object], told: str) -> None:
    fault = fault_of_attributes(attributes)
    assert fault is not None
    assert told in fault
