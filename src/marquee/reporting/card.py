"""The card of a model version: what it is, what it is for, what is known of it, and who let it serve."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marquee.models.manifest import Manifest
from marquee.reporting.card_ethics import ethics
from marquee.reporting.card_gates import gates_section, slices_section
from marquee.reporting.card_rollouts import rollouts_section
from marquee.reporting.model import Block, Cell, Mark, Number, Report, Rows, Section, Status, Table, Tile
from marquee.settings.card import CardWords
from marquee.store.audit import AuditEntry
from marquee.store.reviews import Review
from marquee.store.rollouts import Rollout, Step
from marquee.store.snapshots import SnapshotRecord
from marquee.store.versions import ModelVersion

GROUPS: Mapping[str, str] = {"known": "known people", "new": "new people", "all": "everybody"}
METRICS: Mapping[str, tuple[str, bool]] = {  # names, and whether they are of the first k places
    "rmse": ("RMSE", False),
    "mae": ("MAE", False),
    "ndcg": ("nDCG", True),
    "precision": ("precision", True),
    "recall": ("recall", True),
    "coverage90": ("ratings within their interval", False),
}
_GOOD = frozenset({"approved"})
_BAD = frozenset({"rejected", "declined"})
_SHORT = 12  # characters of a hash that tell it from others


@dataclass(frozen=True, slots=True)
class Card:
    """All that a card tells.

    Attributes:
        serves: `champion`, `challenger`, or empty.
        k: places of a list that its figures count; None when they do not say.
        rollouts: in which it was the challenger, oldest first, each with its steps.
        relatives: other versions of the same recipe or the same data.
        history: what was done with it, oldest first.
        manifest: of its bundle; None when no copy is on this machine.
        audit_head, audit_rows: of the whole audit log.
    """

    version: ModelVersion
    serves: str
    snapshot: SnapshotRecord | None
    words: CardWords
    reviews: tuple[Review, ...]
    rollouts: tuple[tuple[Rollout, tuple[Step, ...]], ...]
    relatives: tuple[ModelVersion, ...]
    history: tuple[AuditEntry, ...]
    manifest: Manifest | None
    audit_head: str
    audit_rows: int
    written_at: datetime

    @property
    def k(self) -> int | None:
        return self.version.metrics.get("k")

    @property
    def missing(self) -> list[str]:
        """The parts of the card that have nothing to say yet."""
        found = self.version
        parts = {
            "the counts and span of its data": self.snapshot is not None,
            "figures of known people": bool(_measured(found.metrics, "known")),
            "figures of new people": bool(_measured(found.metrics, "new")),
            "baselines": bool(found.metrics.get("baselines")),
            "gates": bool(found.gates),
            "how it was made (seed, environment)": bool(found.facts),
        }
        return [name for name, there in parts.items() if not there]


def card_report(card: Card) -> Report:
    """The one report that a card is rendered from."""
    version = card.version
    return Report(
        title=f"Model card: version {version.version} ({version.semantic_version})",
        summary=_summary(card),
        facts=tuple(_facts(card)),
        tiles=tuple(_tiles(card)),
        sections=(
            _use(card),
            _data(card),
            _recipe(version),
            Section("Figures", tuple(_figures(card))),
            slices_section(version),
            gates_section(version),
            Section("Limits", card.words.limits),
            Section("Risks", card.words.risks),
            Section("Ethics checklist", (ethics(version, card.reviews, card.manifest, card.history),)),
            _reviews(card),
            rollouts_section(card.rollouts),
            _lineage(card),
        ),
    )


def _summary(card: Card) -> str:
    version = card.version
    models = " and ".join(f"{name} for the {role}" for role, name in version.algorithms.items())
    serves = f", the {card.serves}" if card.serves else ""
    return (
        f"`marquee-recommender` {version.version} is {version.state}{serves}. It is {models}, trained on "
        f"what was rated until {version.trained_through:%Y-%m-%d}."
    )


def _tiles(card: Card) -> Iterator[Tile]:
    version = card.version
    yield Tile("State", card.serves or version.state, version.state if card.serves else "", _status(version))
    for group, metric in (("known", "ndcg"), ("new", "ndcg"), ("known", "rmse")):
        one = figure(version.metrics, group, metric)
        if one.value is not None:
            yield Tile(f"{_metric(metric, card.k)}, {GROUPS[group]}", one.text, one.interval)
    if version.gates:
        passed = sum(bool(gate["passed"]) for gate in version.gates)
        status: Status = "good" if passed == len(version.gates) else "bad"
        yield Tile("Gates", f"{passed} of {len(version.gates)}", "passed", status)


def _status(version: ModelVersion) -> Status:
    return "good" if version.state in _GOOD else "bad" if version.state in _BAD else "neutral"


def _use(card: Card) -> Section:
    words = card.words
    owner = (f"Who answers for it: {words.owner}",) if words.owner else ()
    return Section("Intended use", (words.intended_use, f"Not for: {words.out_of_scope}", *owner))


def _data(card: Card) -> Section:
    kept = card.snapshot
    if kept is None:
        return Section("Data", ("Nothing is recorded of the data that it was trained on.",))
    rows: Rows = (
        ("ratings", Number(kept.ratings, 0)),
        ("people", Number(kept.users, 0)),
        ("items", Number(kept.items, 0)),
    )
    span = f"Rated from {kept.first_rated_at:%Y-%m-%d} to {kept.trained_through:%Y-%m-%d}."
    name = (
        f"The snapshot `{kept.hash}` was taken at {_moment(kept.taken_at)}; its name is the hash of its rows."
    )
    return Section("Data", (f"{span} {name}", Table("What it was trained on", ("what", "how many"), rows)))


def _recipe(version: ModelVersion) -> Section:
    rows: Rows = tuple(
        (role, algorithm, _json(version.hyperparameters.get(role, {})))
        for role, algorithm in version.algorithms.items()
    )
    blocks: list[Block] = [Table("The models and their settings", ("role", "algorithm", "settings"), rows)]
    if version.facts:
        made = tuple(
            (name.replace("_", " "), f"{len(value)} files" if name == "files" else _json(value))
            for name, value in version.facts.items()
            if value not in ("", None)
        )
        blocks.append(Table("How it was made", ("what", "value"), made, folded=True))
    return Section("Recipe", tuple(blocks))


def _figures(card: Card) -> Iterator[Block]:
    metrics = card.version.metrics
    groups = [group for group in GROUPS if _measured(metrics, group)]
    if not groups:
        yield "Nothing was measured: there were too few ratings to judge it by."
        return
    yield (
        "On a temporal split: the recipe was trained on what came before, and predicted each person's next "
        "ratings from those before. The version itself is the same recipe, trained on everything."
    )
    yield _measures("The recipe", metrics, groups, card.k)
    baselines = metrics.get("baselines", {})
    there = [group for group in GROUPS if _measured(baselines, group)]
    if there:
        yield _measures("The baselines, for comparison", baselines, there, card.k)


def _measures(caption: str, metrics: Mapping[str, Any], groups: Sequence[str], k: int | None) -> Table:
    names = [name for name in METRICS if any(figure(metrics, g, name).value is not None for g in groups)]
    rows: Rows = tuple(
        (_metric(name, k), *(figure(metrics, group, name) for group in groups)) for name in names
    )
    counted: tuple[Cell, ...] = tuple(Number(metrics[group].get("users"), 0) for group in groups)
    return Table(caption, ("figure", *(GROUPS[group] for group in groups)), (*rows, ("people", *counted)))


def figure(metrics: Mapping[str, Any], group: str, metric: str) -> Number:
    """One figure of a group, with its interval where one was computed."""
    value = metrics.get(group, {}).get(metric)
    low, high = metrics.get("intervals", {}).get(group, {}).get(metric, (None, None))
    return Number(value, 4, low, high)


def _measured(metrics: Mapping[str, Any], group: str) -> list[str]:
    return [name for name in METRICS if metrics.get(group, {}).get(name) is not None]


def _reviews(card: Card) -> Section:
    if not card.reviews:
        return Section("Reviews", (f"No person has reviewed it.{_without_person(card.history)}",))
    rows: Rows = tuple(
        (
            one.part,
            Mark("approved", "good") if one.decision == "approve" else Mark("declined", "bad"),
            one.reviewer,
            one.comment,
            _moment(one.at),
            one.audit_head[:_SHORT],
        )
        for one in card.reviews
    )
    columns = ("part", "decision", "reviewer", "comment", "when", "audit head")
    return Section("Reviews", (Table("What people said of it", columns, rows),))


def _without_person(history: Sequence[AuditEntry]) -> str:
    approvals = [entry for entry in history if entry.action == "approve"]
    return f" It was approved by {approvals[-1].actor}: {approvals[-1].reason}" if approvals else ""


def _lineage(card: Card) -> Section:
    version = card.version
    rows: Rows = tuple(
        (f"version {one.version} ({one.semantic_version})", one.state, _kinship(one, version))
        for one in card.relatives
    )
    done: Rows = tuple(
        (_moment(entry.at), entry.action, entry.actor, entry.reason, entry.hash[:_SHORT])
        for entry in card.history
    )
    blocks: list[Block] = [
        f"Version {version.version} was made by the MLflow run `{version.run_id}` from the snapshot "
        f"`{version.snapshot}`, asked for by {version.requested_by or 'somebody who was not recorded'}."
    ]
    if rows:
        blocks.append(Table("Versions of the same recipe or data", ("version", "state", "shares"), rows))
    if done:
        columns = ("when", "action", "by", "why", "row of the audit")
        blocks.append(Table("What was done with it", columns, done))
    return Section("Lineage", tuple(blocks))


def _kinship(one: ModelVersion, other: ModelVersion) -> str:
    recipe = (one.algorithms, one.hyperparameters) == (other.algorithms, other.hyperparameters)
    shared = (["the recipe"] if recipe else []) + (["the data"] if one.snapshot == other.snapshot else [])
    return " and ".join(shared)


def _facts(card: Card) -> Iterator[tuple[str, str]]:
    version = card.version
    yield "Registered", _moment(version.created_at)
    yield "MLflow run", f"`{version.run_id}`"
    yield "Snapshot", f"`{version.snapshot}`"
    if card.manifest is not None:
        yield "Settings' hash", f"`{card.manifest.hyperparameters_hash}`"
        yield "Code", f"marquee {card.manifest.code_version}"
    yield "Audit log", f"{card.audit_rows} rows, the head is `{card.audit_head}`"
    yield "Written", _moment(card.written_at)


def _metric(name: str, k: int | None) -> str:
    words, is_at_k = METRICS[name]
    return f"{words}@{k}" if is_at_k and k is not None else words


def _json(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_json(one)}" for name, one in value.items()) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
