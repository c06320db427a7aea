"""The ethics checklist of a model card: each answer is computed from what is recorded, or left open."""

from collections.abc import Mapping, Sequence
from typing import Any

from marquee.models.bundle import FEATURES, ITEMS, ROLES
from marquee.models.manifest import Manifest
from marquee.reporting.card_gates import SLICES
from marquee.reporting.model import Cell, Mark, Table
from marquee.store.audit import AuditEntry
from marquee.store.reviews import Review
from marquee.store.versions import ModelVersion

_YES, _NO, _OPEN = Mark("yes", "good"), Mark("no", "bad"), Mark("not known", "neutral")


def ethics(
    version: ModelVersion,
    reviews: Sequence[Review],
    manifest: Manifest | None,
    history: Sequence[AuditEntry],
) -> Table:
    """The questions, each with its answer and what that rests on."""
    rows: tuple[tuple[Cell, ...], ...] = (
        ("The bundle holds no data about people", *_no_people(manifest)),
        ("New people are judged apart", *_newcomers(version.metrics)),
        ("No group of people is served much worse than before", *_groups(version.gates)),
        ("It is compared with simple models", *_baselines(version.metrics)),
        ("Every gate let it pass", *_passed(version.gates)),
        ("Somebody answers for its approval", *_approved(reviews, history)),
    )
    note = "Not known is no yes: it is open until somebody finds out."
    return Table("What is known of its effect on people", ("question", "answer", "why"), rows, note)


def _no_people(manifest: Manifest | None) -> tuple[Mark, str]:
    if manifest is None:
        return _OPEN, "No copy of the bundle is on this machine."
    others = [name for name in manifest.files if not _is_about_items(name)]
    if others:
        return _NO, f"It has files of another kind: {', '.join(others)}."
    return _YES, f"Its {len(manifest.files)} files are of items, and of names of features."


def _is_about_items(name: str) -> bool:
    return name in (ITEMS, FEATURES) or name.partition(".")[0] in ROLES


def _newcomers(metrics: Mapping[str, Any]) -> tuple[Mark, str]:
    users = metrics.get("new", {}).get("users")
    return (_YES, f"{users} people whom the recipe had not seen.") if users else (_OPEN, "Nobody was new.")


def _groups(gates: Sequence[Mapping[str, Any]]) -> tuple[Mark, str]:
    judged = [gate for gate in gates if gate.get("kind") == SLICES]
    if not judged:
        return _OPEN, "No gate has compared groups of people."
    failed = [str(gate["name"]) for gate in judged if not gate["passed"]]
    return (
        (_NO, f"They lose too much: {', '.join(failed)}.")
        if failed
        else (_YES, f"{len(judged)} comparisons.")
    )


def _baselines(metrics: Mapping[str, Any]) -> tuple[Mark, str]:
    there = bool(metrics.get("baselines"))
    return (_YES, "The figures stand above.") if there else (_OPEN, "No baselines were measured.")


def _passed(gates: Sequence[Mapping[str, Any]]) -> tuple[Mark, str]:
    failed = [str(gate["name"]) for gate in gates if not gate["passed"]]
    if not gates:
        return _OPEN, "No gate has judged it."
    return (_NO, f"Failed: {', '.join(failed)}.") if failed else (_YES, f"All {len(gates)} gates.")


def _approved(reviews: Sequence[Review], history: Sequence[AuditEntry]) -> tuple[Mark, str]:
    declined = [one for one in reviews if one.decision == "decline"]
    if declined:
        return _NO, f"{declined[-1].reviewer} declined it."
    approvals = [entry for entry in history if entry.action == "approve"]
    if approvals:
        return _YES, f"{approvals[-1].actor}: {approvals[-1].reason}"
    return _OPEN, "Nobody has approved it."
