"""How an evaluation's report speaks of fairness of exposure."""

from collections.abc import Mapping

from marquee.evaluation.assessment import Assessment
from marquee.evaluation.fairness import Fairness
from marquee.evaluation.intervals import Estimate
from marquee.reporting.model import Block, Number, Rows, Section, Table

_FAIRNESS = (
    "Exposure of an item is the sum of 1 / log2(place + 1) over the lists it stands in. Parity is the "
    "exposure of an item of the group, over that of an average item; opportunity the share of the group's "
    "wanted items that were shown. Demographic parity and equal opportunity are the largest minus the "
    "smallest of the groups (0 is equal); disparate impact is the smallest parity over the largest (1 is "
    "equal; the four-fifths rule asks for 0.8)."
)


def fairness_section(assessment: Assessment) -> Section:
    """Whom the lists show: a summary and a table for each kind of item group."""
    blocks: list[Block] = [_FAIRNESS]
    for by in dict.fromkeys(by for one in assessment.found.values() for by in one.fairness):
        fair = {name: one.fairness[by] for name, one in assessment.found.items() if by in one.fairness}
        blocks += [_fairness_summary(by, fair), _exposure(by, fair)]
    return Section(f"Fairness of exposure, {assessment.protocol}", tuple(blocks))


def _fairness_summary(by: str, fair: Mapping[str, Fairness]) -> Table:
    rows: Rows = tuple(
        (name, _plain(one.demographic_parity), _plain(one.equal_opportunity), _plain(one.disparate_impact))
        for name, one in fair.items()
    )
    columns = ("contender", "demographic parity", "equal opportunity", "disparate impact")
    return Table(f"Fairness of exposure by {by}", columns, rows)


def _exposure(by: str, fair: Mapping[str, Fairness]) -> Table:
    """A row a group; beside its share of the catalogue, what each contender makes of it."""
    first = next(iter(fair.values()))
    rows: Rows = tuple(
        (
            group.name,
            Number(group.of_catalogue, 1, percent=True),
            *(_plain(one.groups[place].of_exposure, percent=True) for one in fair.values()),
            *(_plain(one.groups[place].opportunity, percent=True) for one in fair.values()),
        )
        for place, group in enumerate(first.groups)
    )
    columns = (
        "group",
        "of the catalogue",
        *(f"of the exposure, {name}" for name in fair),
        *(f"opportunity, {name}" for name in fair),
    )
    return Table(f"Exposure by {by}", columns, rows)


def _plain(value: Estimate | None, *, percent: bool = False) -> Number:
    digits = 1 if percent else 3
    if value is None:
        return Number(None, digits)
    return Number(value.value, digits, value.low, value.high, percent=percent)
