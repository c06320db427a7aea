"""How a version fared among people: its rollouts in a model card, with the judge's verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marquee.reporting.model import Block, Mark, Number, Rows, Section, Status, Table
from marquee.store.rollouts import Rollout, Step

_STATUS: Mapping[str, Status] = {
    "better": "good",
    "not worse": "good",
    "worse": "bad",
    "promoted": "good",
    "rolled_back": "bad",
}


def rollouts_section(rollouts: Sequence[tuple[Rollout, Sequence[Step]]]) -> Section:
    """Each rollout with its steps and its last verdict, oldest first."""
    if not rollouts:
        return Section("Rollouts", ("It was never the challenger of a rollout.",))
    parts = tuple(Section(f"Rollout {one.rollout_id}", tuple(_blocks(one, steps))) for one, steps in rollouts)
    return Section("Rollouts", (), parts)


def _blocks(rollout: Rollout, steps: Sequence[Step]) -> Iterator[Block]:
    outcome = f": {rollout.outcome.rstrip('.')}" if rollout.outcome else ""
    yield (
        f"Against version {rollout.champion}, by the preset {rollout.preset}, asked for by "
        f"{rollout.requested_by} ({rollout.reason.rstrip('.')}). It is "
        f"{rollout.state.replace('_', ' ')}{outcome}."
    )
    if steps:
        yield Table("Its steps", ("step", "kind", "share", "from", "to"), tuple(map(_step, steps)))
    if rollout.verdict:
        yield _verdict(rollout.rollout_id, rollout.verdict)


def _step(step: Step) -> tuple[str | Number, ...]:
    ended = "" if step.ended_at is None else f"{step.ended_at:%Y-%m-%d %H:%M:%S}"
    return (
        str(step.step),
        step.state,
        Number(step.share, 0, percent=True),
        f"{step.began_at:%Y-%m-%d %H:%M:%S}",
        ended,
    )


def _verdict(rollout_id: int, verdict: Mapping[str, Any]) -> Table:
    rows: Rows = tuple(
        (
            str(one["metric"]),
            Mark(str(one["verdict"]), _STATUS.get(str(one["verdict"]), "neutral")),
            Number(one["champion"], 4),
            Number(one["challenger"], 4),
            Number(one["estimate"], 4, one["low"], one["high"], signed=True),
            Number(one["margin"], 4),
            Number(one["observations"], 0),
        )
        for one in verdict.get("findings", ())
    )
    columns = ("figure", "verdict", "champion", "challenger", "difference", "margin", "observations")
    caption = f"The judge's last word on rollout {rollout_id}: {verdict.get('verdict', 'none')}"
    return Table(caption, columns, rows, str(verdict.get("reason", "")))
