"""Two versions beside each other: their figures, and what their recipes and data differ in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection

from marquee.store import snapshots, versions
from marquee.store.versions import ModelVersion

Better: TypeAlias = Literal["a", "b", "neither"]

GROUPS = ("known", "new")
FIGURES: Mapping[str, Literal["lower", "higher"]] = {
    "rmse": "lower",
    "mae": "lower",
    "precision": "higher",
    "recall": "higher",
    "ndcg": "higher",
}
SAME = "Both were judged on the same newest ratings: a difference without an interval may still be chance."
APART = (
    "They were judged on different ratings, so that their figures do not tell which is better; "
    "`marquee evaluate` trains and judges their recipes on the same ones."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both; `difference` is b - a, None where one has none."""

    name: str
    a: float | None
    b: float | None
    difference: float | None
    better: Better


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that both have, and differ in; None where one has it not."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What `compare` found; `note` says how the figures may be read."""

    a: int
    b: int
    same_data: bool
    note: str
    figures: tuple[Figure, ...]
    recipe: tuple[Setting, ...]
    data: tuple[Setting, ...]


def compare(connection: Connection, a: int, b: int) -> SideBySide:
    """Two registered versions.

    Raises:
        NotFound: there is no such version.
    """
    one, other = versions.get(connection, a), versions.get(connection, b)
    same = one.snapshot == other.snapshot
    return SideBySide(
        a,
        b,
        same,
        SAME if same else APART,
        tuple(_figures(one.metrics, other.metrics)),
        tuple(_differing(_recipe(one), _recipe(other))),
        tuple(_differing(_data(connection, one), _data(connection, other))),
    )


def _figures(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Figure]:
    for group in GROUPS:
        for name, better in FIGURES.items():
            a, b = (metrics.get(group, {}).get(name) for metrics in (one, other))
            yield _figure(f"{group}.{name}", a, b, better)


def _figure(name: str, a: float | None, b: float | None, better: Literal["lower", "higher"]) -> Figure:
    if a is None or b is None or a == b:
        return Figure(name, a, b, None if a is None or b is None else 0.0, "neither")
    return Figure(name, a, b, b - a, "b" if (b > a) == (better == "higher") else "a")


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Setting]:
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            yield Setting(name, one.get(name), other.get(name))


def _recipe(version: ModelVersion) -> dict[str, Any]:
    """`rating.algorithm`, `rating.n_factors`, …, by name."""
    algorithms = {f"{role}.algorithm": name for role, name in version.algorithms.items()}
    values = {
        f"{role}.{name}": value
        for role, group in version.hyperparameters.items()
        for name, value in group.items()
    }
    return dict(sorted({**algorithms, **values}.items()))


def _data(connection: Connection, version: ModelVersion) -> dict[str, Any]:
    found = snapshots.get(connection, version.snapshot)
    if found is None:
        return {"snapshot": version.snapshot}
    return {
        "snapshot": found.hash,
        "ratings": found.ratings,
        "users": found.users,
        "items": found.items,
        "first_rated_at": found.first_rated_at.isoformat(),
        "trained_through": found.trained_through.isoformat(),
    }
