"""Why each item stands where it does, as answers say it."""

from collections.abc import Sequence
from typing import TypeAlias

from app.serving.asked import Ground
from marquee.recommend.chain import Source
from marquee.recommend.listing import Listing
from marquee.recommend.reasons import Reason, Reasoner
from marquee.recommend.recommender import PersonState
from marquee.recommend.rules import Rules
from marquee.settings.serving import Rule

Why: TypeAlias = dict[str, str | float]  # a `Reason` of the schemas


def reasons_of(listing: Listing, state: PersonState, reasoner: Reasoner) -> list[list[Reason]]:
    """What the stages of a person's list went by."""
    return reasoner.reasons(state.history, listing.rows, listing.sources)


def reasons_without_model(listing: Listing) -> list[list[Reason]]:
    """The same of a list that went by counts alone."""
    by_chance, by_count = [Reason("explored")], [Reason("popular")]
    known: dict[Source, list[Reason]] = {"pinned": [], "explored": by_chance}
    return [known.get(source, by_count) for source in listing.sources]


def explained(
    listing: Listing, reasons: Sequence[Sequence[Reason]], rules: Rules, ground: Ground
) -> list[list[Why]]:
    """The reasons of each place: those given, then the rules that moved it."""
    return [
        [_by_stage(reason, ground) for reason in found] + [_by_rule(rule) for rule in rules.moving(row)]
        for row, found in zip(listing.rows.tolist(), reasons, strict=True)
    ]


def _by_stage(reason: Reason, ground: Ground) -> Why:
    why: Why = {"kind": reason.kind}
    if reason.row is not None:
        item_id = ground.ids[reason.row]
        why |= {"item_id": item_id, "title": ground.title(reason.row) or item_id}
    if reason.share is not None:
        why["share"] = round(reason.share, 4)
    if reason.category is not None:
        why["category"] = reason.category
    return why


def _by_rule(rule: Rule) -> Why:
    return {"kind": "rule", "rule": rule.name, "action": rule.action}
