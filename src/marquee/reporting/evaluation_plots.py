"""The plots of an evaluation's report."""

from collections.abc import Mapping, Sequence

from marquee.evaluation.assessment import Assessment
from marquee.evaluation.cost import Cost
from marquee.evaluation.estimators import MEASURES
from marquee.evaluation.intervals import Estimate
from marquee.evaluation.protocols.coldstart import KNOWN_RATINGS, group_of
from marquee.evaluation.sensitivity import Case
from marquee.evaluation.slices import OF_ITEMS, OF_PEOPLE, SliceFigures
from marquee.reporting.model import Number, Plot, Rows, Series, Table

_MOST_SLICES = 24


def pareto(assessment: Assessment, costs: Mapping[str, Cost]) -> Plot | None:
    """Quality over training time; None where the protocol makes no lists."""
    group = assessment.groups[-1]
    name = "ndcg" if any("ndcg" in one.figures[group] for one in assessment.found.values()) else "rmse"
    points = {
        who: (costs[who], one.figures[group][name])
        for who, one in assessment.found.items()
        if who in costs and name in one.figures[group]
    }
    if not points:
        return None
    title = _title(name, assessment.k)
    series = tuple(
        Series(who, (cost.training_seconds,), (figure.value,), (figure.low,), (figure.high,))
        for who, (cost, figure) in points.items()
    )
    rows: Rows = tuple(
        (who, Number(cost.training_seconds, 2), _number(figure), _on_front(who, points, name))
        for who, (cost, figure) in points.items()
    )
    return Plot(
        "pareto",
        f"{title} over the seconds of a training",
        f"One point a contender: {title} under {assessment.protocol}, over its training time.",
        "points",
        "seconds of a training",
        f"{title}, {assessment.protocol}",
        series,
        Table("Quality and training time", ("contender", "training, s", title, "on the Pareto front"), rows),
        x_scale="log",
    )


def _on_front(who: str, points: Mapping[str, tuple[Cost, Estimate]], name: str) -> str:
    """Nobody is at least as good in both, and better in one."""
    sign = -1.0 if MEASURES[name].better == "lower" else 1.0
    cost, figure = points[who]
    mine = (-cost.training_seconds, sign * figure.value)
    others = [
        (-other.training_seconds, sign * value.value) for one, (other, value) in points.items() if one != who
    ]
    beaten = any(all(a >= b for a, b in zip(other, mine, strict=True)) and other != mine for other in others)
    return "no" if beaten else "yes"


def growth(assessment: Assessment, figure: str) -> Plot | None:
    """Under `coldstart`, one figure over the number of ratings known; None where nobody has it."""
    title = _title(figure, assessment.k)
    points = {
        who: [
            (known, one.figures[group][figure])
            for known in KNOWN_RATINGS
            if figure in one.figures.get(group := group_of(known), {})
        ]
        for who, one in assessment.found.items()
    }
    if not all(points.values()):
        return None
    series = tuple(
        Series(
            who,
            tuple(float(known) for known, _ in theirs),
            tuple(value.value for _, value in theirs),
            tuple(value.low for _, value in theirs),
            tuple(value.high for _, value in theirs),
        )
        for who, theirs in points.items()
    )
    rows: Rows = tuple(
        (group_of(known), *(_number(dict(theirs).get(known)) for theirs in points.values()))
        for known in KNOWN_RATINGS
    )
    return Plot(
        f"growth-{figure}",
        f"{title} by how many ratings are known",
        f"{title} of each contender when 0, 3, 5 and 10 ratings of a person are known, with intervals.",
        "lines",
        "ratings known",
        title,
        series,
        Table(f"{title} by ratings known", ("known", *points), rows),
    )


def slice_errors(assessment: Assessment, figure: str, of: str) -> Plot | None:
    """One figure by slice of people or of items; None where nobody has it."""
    kinds = OF_PEOPLE if of == "people" else OF_ITEMS
    by_model = {
        name: {
            _label(part): part for part in one.sliced.slices if part.by in kinds and figure in part.figures
        }
        for name, one in assessment.found.items()
        if one.sliced is not None
    }
    labels = list(dict.fromkeys(label for parts in by_model.values() for label in parts))[:_MOST_SLICES]
    if len(labels) < 2:
        return None
    title = _title(figure, assessment.k)
    rows: Rows = tuple(
        (
            label,
            Number(_first(by_model, label).people, 0),
            *(
                _number(parts[label].figures[figure] if label in parts else None)
                for parts in by_model.values()
            ),
        )
        for label in labels
    )
    return Plot(
        f"slices-{figure}-{of}",
        f"{title} by slice of {of}",
        f"{title} of each contender in {len(labels)} slices of {of}, with intervals.",
        "categories",
        title,
        "",
        tuple(_slice_series(name, parts, labels, figure) for name, parts in by_model.items()),
        Table(f"{title} by slice of {of}, {assessment.protocol}", ("slice", "people", *by_model), rows),
    )


def _label(part: SliceFigures) -> str:
    names = {"F": "women", "M": "men"} if part.by == "gender" else {}
    prefix = {"age": "age ", "genre": "", "gender": "", "item popularity": "", "new or known": ""}.get(
        part.by, ""
    )
    return prefix + names.get(part.name, part.name)


def _first(by_model: Mapping[str, Mapping[str, SliceFigures]], label: str) -> SliceFigures:
    return next(parts[label] for parts in by_model.values() if label in parts)


def _slice_series(name: str, parts: Mapping[str, SliceFigures], labels: Sequence[str], figure: str) -> Series:
    shown = [label for label in labels if label in parts]
    values = [parts[label].figures[figure] for label in shown]
    return Series(
        name,
        tuple(shown),
        tuple(value.value for value in values),
        tuple(value.low for value in values),
        tuple(value.high for value in values),
    )


def calibration(assessment: Assessment) -> Plot:
    """Mean actual stars over mean predicted stars, by bin."""
    rows: Rows = tuple(
        (f"{name}, predicted {one.predicted:.2f}", Number(one.actual, 2), Number(one.ratings, 0))
        for name, found in assessment.found.items()
        for one in found.calibration
    )
    series = tuple(
        Series(
            name,
            tuple(one.predicted for one in found.calibration),
            tuple(one.actual for one in found.calibration),
        )
        for name, found in assessment.found.items()
        if found.calibration
    )
    return Plot(
        "calibration",
        "Mean of the stars given, over the stars predicted",
        "Lines near the diagonal: where the predicted stars are high, the stars given are as high.",
        "lines",
        "predicted stars",
        "mean of the stars given",
        series,
        Table("Stars given by stars predicted, in tenths of the scale", ("bin", "given", "ratings"), rows),
        diagonal=True,
    )


def long_tail(assessment: Assessment) -> Plot:
    """How many of all places the most popular items have."""
    curves = {
        "ratings of the training set": assessment.tail_of_ratings,
        **{name: found.tail for name, found in assessment.found.items() if found.tail is not None},
    }
    points = list(range(len(assessment.tail_of_ratings.items)))
    rows: Rows = tuple(
        (
            f"{assessment.tail_of_ratings.items[point]:.1%} of the catalogue",
            *(Number(curve.places[point], 1, percent=True) for curve in curves.values()),
        )
        for point in points
    )
    series = tuple(
        Series(
            name, tuple(100 * x for x in curve.items), tuple(100 * y for y in curve.places), faint=place == 0
        )
        for place, (name, curve) in enumerate(curves.items())
    )
    return Plot(
        "long-tail",
        "Places taken by the most popular items",
        "Curves that rise fast: a small part of the catalogue has most places of the lists.",
        "lines",
        "most popular items, % of the catalogue",
        "% of all places",
        series,
        Table("Share of all places that the most popular items have", ("items", *curves), rows),
    )


def sensitivity_lines(kind: str, cases: Sequence[Case], figure: str, k: int) -> Plot:
    """One figure over the settings of one kind; lists have `k` places."""
    known = [(case, value) for case in cases if (value := _figure_of(case, figure)) is not None]
    title = _title(figure, k)
    rows: Rows = tuple((case.setting, Number(case.ratings, 0), _number(value)) for case, value in known)
    return Plot(
        f"sensitivity-{kind.replace(' ', '-')}-{figure}",
        f"{title} and {kind}",
        f"{title} at each setting of {kind}, with intervals.",
        "categories",
        title,
        "",
        (
            Series(
                title,
                tuple(case.setting for case, _ in known),
                tuple(value.value for _, value in known),
                tuple(value.low for _, value in known),
                tuple(value.high for _, value in known),
            ),
        ),
        Table(f"{title} by {kind}", (kind, "ratings learnt from", title), rows),
    )


def _figure_of(case: Case, figure: str) -> Estimate | None:
    return case.rmse if figure == "rmse" else case.ndcg


def _number(value: Estimate | None) -> Number:
    return Number(None) if value is None else Number(value.value, 4, value.low, value.high)


def _title(name: str, k: int) -> str:
    return MEASURES[name].title.replace("@k", f"@{k}")
