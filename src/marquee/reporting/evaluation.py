"""The report of an evaluation: what it says, and in which order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from marquee.evaluation.assessment import Assessment, Found
from marquee.evaluation.cost import Cost
from marquee.evaluation.estimators import MEASURES
from marquee.evaluation.gates import Gate
from marquee.evaluation.intervals import LEVEL, Estimate
from marquee.evaluation.protocols.coldstart import NAME as COLDSTART
from marquee.evaluation.sensitivity import Case
from marquee.evaluation.slices import Gap
from marquee.reporting.evaluation_fairness import fairness_section
from marquee.reporting.evaluation_plots import (
    calibration,
    growth,
    long_tail,
    pareto,
    sensitivity_lines,
    slice_errors,
)
from marquee.reporting.model import Block, Cell, Mark, Number, Report, Rows, Section, Table, Tile

ALPHA = 0.05
_SHARES = frozenset({"catalogue", "coverage90", "lift"})
_HEADLINES = (("rmse", "lower"), ("ndcg", "higher"))
_MEGABYTE = 1_000_000
_MOST_TESTS = 20  # more are folded away
_SLICED = ("rmse", "ndcg", "recall")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was found.

    Attributes:
        recipes: by contender's name, the candidate first: its algorithms and hyperparameters in words.
        assessments: by protocol.
        costs: by contender; empty when they were not measured.
        about: by protocol, how it judges, in words.
        facts: names and values of what it rests on.
    """

    data_name: str
    recipes: Mapping[str, str]
    assessments: Mapping[str, Assessment]
    about: Mapping[str, str]
    gates: tuple[Gate, ...]
    costs: Mapping[str, Cost]
    sensitivity: tuple[Case, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def candidate(self) -> str:
        return next(iter(self.recipes))

    @property
    def failed(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if not gate.passed)


def evaluation_report(found: Evaluation) -> Report:
    """The one report of an evaluation."""
    protocols = [_protocol(found, assessment) for assessment in found.assessments.values()]
    sections = (
        *_gates(found),
        *_pareto(found),
        *protocols,
        *_details(found),
        *_sensitivity(found),
        _recipes(found),
    )
    return Report(
        title=f"{' against '.join(found.recipes)}, on {found.data_name}",
        summary=_summary(found),
        facts=found.facts,
        tiles=tuple(_tiles(found)),
        sections=sections,
    )


def _summary(found: Evaluation) -> str:
    if len(found.recipes) < 2:
        return f"{found.candidate} by itself; each figure has its {LEVEL:.0%} interval."
    verdicts = [
        _verdict(test.figure, test.found.difference.value, test.p_corrected).status
        for assessment in found.assessments.values()
        for test in assessment.tests
    ]
    return (
        f"Of {len(verdicts)} paired comparisons, {found.candidate} is surely better in "
        f"{verdicts.count('good')} and surely worse in {verdicts.count('bad')} (p < {ALPHA:g} after Holm's "
        f"correction).{_of_gates(found)}"
    )


def _of_gates(found: Evaluation) -> str:
    if not found.gates:
        return ""
    if not found.failed:
        return " Every gate is passed."
    return (
        f" {len(found.failed)} of {len(found.gates)} gates failed: {', '.join(g.name for g in found.failed)}."
    )


def _tiles(found: Evaluation) -> Iterator[Tile]:
    if found.gates:
        passed = len(found.gates) - len(found.failed)
        yield Tile("Gates", f"{passed} of {len(found.gates)}", "passed", "bad" if found.failed else "good")
    for assessment in found.assessments.values():
        group = assessment.groups[-1] if assessment.protocol != COLDSTART else assessment.groups[2]
        figures = assessment.found[found.candidate].figures[group]
        for name, _ in _HEADLINES:
            if name in figures:
                one = number(name, figures[name])
                of = "" if group == "all" else f", {group}"
                yield Tile(f"{title(name, assessment.k)}, {assessment.protocol}{of}", one.text, one.interval)
    if found.candidate in found.costs:
        cost = found.costs[found.candidate]
        yield Tile(
            "Training", f"{cost.training_seconds:.1f} s", f"{cost.bundle_bytes / _MEGABYTE:.1f} MB on disk"
        )


def _gates(found: Evaluation) -> Iterator[Section]:
    if not found.gates:
        return
    rows: Rows = tuple(
        (
            gate.name,
            _outcome(gate),
            Number(gate.candidate, 4),
            Number(gate.rival, 4),
            _difference(gate),
            Number(gate.margin, 4),
        )
        for gate in found.gates
    )
    rival = list(found.recipes)[1]
    columns = ("gate", "outcome", found.candidate, rival, "difference", "at worst worse by")
    yield Section("Gates", (Table(f"May {found.candidate} take the place of {rival}?", columns, rows),))


def _outcome(gate: Gate) -> Mark:
    """A missing figure never passes; it is told apart from one that is too bad."""
    if gate.passed:
        return Mark("passed", "good")
    return Mark("failed" if gate.judged else "no figure", "bad")


def _difference(gate: Gate) -> Number:
    if gate.candidate is None or gate.rival is None:
        return Number(None, 4)
    return Number(gate.candidate - gate.rival, 4, gate.low, gate.high, signed=True)


def _pareto(found: Evaluation) -> Iterator[Section]:
    if not found.costs:
        return
    columns = (
        *("contender", "training, s", "peak memory, MB", "bundle, MB"),
        *("list p50, ms", "p95, ms", "p99, ms", "fold-in p50, ms", "lists a second"),
    )
    rows: Rows = tuple(
        (
            name,
            Number(cost.training_seconds, 2),
            Number(cost.peak_bytes / _MEGABYTE, 0),
            Number(cost.bundle_bytes / _MEGABYTE, 1),
            *(Number(value, 3) for value in (cost.latency.p50, cost.latency.p95, cost.latency.p99)),
            Number(cost.latency.fold_in_p50, 3),
            Number(cost.latency.lists_per_second, 0),
        )
        for name, cost in found.costs.items()
    )
    note = (
        "Trained in a process of its own; its peak memory holds Python, its libraries and the data too. "
        "Times are by the clock of a machine that has other work: read them as sizes, not as measurements."
    )
    table = Table("What each contender costs", columns, rows, note)
    plots = [plot for one in found.assessments.values() if (plot := pareto(one, found.costs)) is not None]
    yield Section("Quality and cost", (*plots[:1], table))


def _protocol(found: Evaluation, assessment: Assessment) -> Section:
    parts = [
        Section(_of_group(group, assessment.protocol), (_figures(assessment, group),))
        for group in assessment.groups
    ]
    if assessment.tests:
        parts.append(Section(f"Paired tests, {assessment.protocol}", (_tests(found, assessment),)))
    blocks: list[Block] = [found.about[assessment.protocol]]
    if assessment.protocol == COLDSTART:
        blocks += [plot for name, _ in _HEADLINES if (plot := growth(assessment, name)) is not None]
    return Section(f"Protocol {assessment.protocol}", tuple(blocks), tuple(parts))


def _of_group(group: str, protocol: str) -> str:
    words = {"known": "Known people", "new": "New people", "all": "Everybody", "new items": "New items"}
    return f"{words.get(group, f'People with {group}')}, {protocol}"


def _figures(assessment: Assessment, group: str) -> Table:
    names = [
        name for name in MEASURES if any(name in one.figures[group] for one in assessment.found.values())
    ]
    rows: Rows = tuple(_row(assessment, group, name) for name in names)
    first = next(iter(assessment.found.values()))
    caption = (
        f"{_of_group(group, assessment.protocol)}: {first.people[group]:,} people, "
        f"{first.ratings[group]:,} ratings, {first.lists[group]:,} lists"
    )
    note = (
        f"Beside each figure its {LEVEL:.0%} interval, by bootstrap over people; the best of a row is marked."
    )
    main = group == assessment.groups[-1] and assessment.protocol != COLDSTART
    return Table(caption, ("figure", *assessment.found), rows, note, folded=not main)


def _row(assessment: Assessment, group: str, name: str) -> tuple[Cell, ...]:
    values = {who: one.figures[group].get(name) for who, one in assessment.found.items()}
    known = {who: value.value for who, value in values.items() if value is not None}
    better = MEASURES[name].better
    best = None
    if len(known) > 1 and better != "neither":
        best = (min if better == "lower" else max)(known.values())
    arrow = {"lower": " ↓", "higher": " ↑", "neither": ""}[better]
    cells = [number(name, value, best=value is not None and value.value == best) for value in values.values()]
    return (title(name, assessment.k) + arrow, *cells)


def _tests(found: Evaluation, assessment: Assessment) -> Table:
    several = len(found.recipes) > 2
    rows: Rows = tuple(
        (
            f"{title(test.figure, assessment.k)}, {test.group}"
            + (f", against {test.rival}" if several else ""),
            _verdict(test.figure, test.found.difference.value, test.p_corrected),
            _signed(test.found.difference),
            Number(test.p_corrected, 3),
            Number(test.found.candidate, 4),
            Number(test.found.rival, 4),
        )
        for test in assessment.tests
    )
    note = (
        "Both are measured on the same people in each resample. p is of no difference at all, corrected by "
        "Holm's method for all the tests of this table."
    )
    rivals = "its rivals" if several else list(found.recipes)[1]
    columns = ("figure", "outcome", "difference", "p, corrected", found.candidate, "rival")
    return Table(
        f"{found.candidate} beside {rivals}, {assessment.protocol}",
        columns,
        rows,
        note,
        len(rows) > _MOST_TESTS,
    )


def _signed(difference: Estimate) -> Number:
    return Number(difference.value, 4, difference.low, difference.high, signed=True)


def _verdict(figure: str, difference: float, p: float | None) -> Mark:
    if p is None or p >= ALPHA:
        return Mark("cannot be told")
    ahead = (difference < 0) == (MEASURES[figure].better == "lower")
    return Mark("better", "good") if ahead else Mark("worse", "bad")


def _details(found: Evaluation) -> Iterator[Section]:
    """Slices, fairness, calibration and tail, each of the first protocol that has it."""
    assessments = list(found.assessments.values())
    builders: tuple[tuple[Callable[[Found], object], Callable[[Assessment], Section]], ...] = (
        (lambda one: one.sliced, _slices),
        (lambda one: one.fairness, fairness_section),
        (lambda one: one.calibration, _calibration),
        (lambda one: one.tail, _long_tail),
    )
    for has, build in builders:
        fitting = [one for one in assessments if any(has(each) for each in one.found.values())]
        if fitting:
            yield build(fitting[0])


def _calibration(assessment: Assessment) -> Section:
    return Section(f"Calibration of the stars, {assessment.protocol}", (calibration(assessment),))


def _long_tail(assessment: Assessment) -> Section:
    return Section(f"Long tail, {assessment.protocol}", (long_tail(assessment),))


def _slices(assessment: Assessment) -> Section:
    plots: list[Block] = [
        plot
        for figure in _SLICED
        for of in ("people", "items")
        if (plot := slice_errors(assessment, figure, of)) is not None
    ]
    return Section(f"Slices, {assessment.protocol}", (*plots, _gaps(assessment)))


def _gaps(assessment: Assessment) -> Table:
    gaps = {
        name: {(gap.figure, gap.by): gap for gap in one.sliced.gaps if gap.figure in _SLICED}
        for name, one in assessment.found.items()
        if one.sliced is not None
    }
    keys = list(dict.fromkeys(key for found in gaps.values() for key in found))
    rows: Rows = tuple(
        (
            f"{title(figure, assessment.k)} by {by}",
            *(
                number(figure, found[figure, by].gap if (figure, by) in found else None)
                for found in gaps.values()
            ),
            "; ".join(dict.fromkeys(f"{gap.lowest} to {gap.highest}" for gap in _of_key(gaps, (figure, by)))),
        )
        for figure, by in keys
    )
    note = "The largest minus the smallest of the slices; items may be of several genres."
    return Table("Gaps: how far the slices are apart", ("figure", *gaps, "lowest to highest"), rows, note)


def _of_key(gaps: Mapping[str, Mapping[tuple[str, str], Gap]], key: tuple[str, str]) -> list[Gap]:
    return [found[key] for found in gaps.values() if key in found]


def _sensitivity(found: Evaluation) -> Iterator[Section]:
    if not found.sensitivity:
        return
    kinds = list(dict.fromkeys(case.what for case in found.sensitivity))
    k = next(iter(found.assessments.values())).k
    plots = [
        sensitivity_lines(kind, [case for case in found.sensitivity if case.what == kind], figure, k)
        for kind in kinds
        for figure in ("rmse", "ndcg")
    ]
    words = (
        f"{found.candidate} trained on less, with other hyperparameters, or on ratings some of which are "
        "wrong; and judged by the same newest ratings as ever."
    )
    yield Section("Sensitivity", (words, *plots))


def _recipes(found: Evaluation) -> Section:
    return Section(
        "Contenders",
        (Table("Who was compared", ("contender", "recipe"), tuple(found.recipes.items())),),
    )


def title(name: str, k: int) -> str:
    """A figure's name for people."""
    return MEASURES[name].title.replace("@k", f"@{k}")


def number(name: str, value: Estimate | None, *, best: bool = False) -> Number:
    """A figure as a table shows it."""
    share = name in _SHARES
    digits = 1 if share else 2 if name == "novelty" else 4
    signed = name in ("bias", "lift")
    if value is None:
        return Number(None, digits)
    return Number(value.value, digits, value.low, value.high, best, signed, share)
