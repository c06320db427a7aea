"""What the report of an evaluation says of small, plain findings."""

from dataclasses import replace

import pytest

from marquee.evaluation.assessment import Assessment, Bin, Found, PairedTest, Tail
from marquee.evaluation.cost import Cost, Latency
from marquee.evaluation.gates import Gate
from marquee.evaluation.intervals import Difference, Estimate
from marquee.evaluation.sensitivity import Case
from marquee.reporting.evaluation import Evaluation, evaluation_report
from marquee.reporting.model import Mark, Number, Section, Table
from marquee.reporting.render import to_html, to_markdown


def _found(rmse: float, ndcg: float) -> Found:
    figures = {
        "rmse": Estimate(rmse, rmse - 0.02, rmse + 0.02),
        "ndcg": Estimate(ndcg, ndcg - 0.03, ndcg + 0.03),
    }
    return Found(
        {"all": figures},
        {"all": 50},
        {"all": 900},
        {"all": 70},
        None,
        {},
        (Bin(9, 3.1, 3.2),),
        Tail((0, 1), (0, 1)),
    )


def _test(figure: str, difference: float, p: float) -> PairedTest:
    return PairedTest("b", "all", figure, Difference(1.0, 1.0, Estimate(difference, None, None), p), p)


def _cost(seconds: float) -> Cost:
    return Cost(seconds, 200_000_000, 3_000_000, Latency(0.1, 0.2, 0.3, 0.4, 9000.0))


ASSESSMENT = Assessment(
    "temporal",
    10,
    ("all",),
    {"a": _found(0.9, 0.3), "b": _found(0.95, 0.2)},
    (_test("rmse", -0.05, 0.01), _test("ndcg", 0.1, 0.2), _test("recall", -0.1, 0.001)),
    Tail((0, 1), (0, 1)),
)
GATES = (
    Gate("known.rmse", True, 0.9, 0.95, 0.01, "fine"),
    Gate("new.ndcg", False, 0.1, 0.2, 0.01, "not fine"),
)
FOUND = Evaluation(
    "ml-100k",
    {"a": "svd and ease", "b": "baselines"},
    {"temporal": ASSESSMENT},
    {"temporal": "Time is replayed."},
    GATES,
    {"a": _cost(10.0), "b": _cost(20.0)},
    (
        Case("noise", "10%", 90, Estimate(0.9, 0.8, 1.0), None),
        Case("noise", "20%", 90, Estimate(1.0, 0.9, 1.1), None),
    ),
    (("Code", "0.1.0"),),
)


def _tables(sections: tuple[Section, ...]) -> dict[str, Table]:
    tables = [
        block if isinstance(block, Table) else block.table
        for section in sections
        for block in section.blocks
        if not isinstance(block, str)
    ]
    below = [table for section in sections for table in _tables(section.sections).values()]
    return {table.caption: table for table in (*tables, *below)}


def test_better_and_worse_go_by_the_figure_and_the_corrected_p() -> None:
    """A lower RMSE is better, a lower recall worse; p = 0.2 tells nothing."""
    rows = _tables(evaluation_report(FOUND).sections)["a beside b, temporal"].rows
    assert [row[1] for row in rows] == [Mark("better", "good"), Mark("cannot be told"), Mark("worse", "bad")]
    assert "better in 1 and surely worse in 1" in evaluation_report(FOUND).summary


def test_the_best_of_a_row_is_marked() -> None:
    rows = _tables(evaluation_report(FOUND).sections)[
        "Everybody, temporal: 50 people, 900 ratings, 70 lists"
    ].rows
    best = [[cell.best for cell in row if isinstance(cell, Number)] for row in rows]
    assert best == [[True, False], [True, False]]


def test_gates_that_failed_are_named_at_the_top() -> None:
    report = evaluation_report(FOUND)
    assert "1 of 2 gates failed: new.ndcg." in report.summary
    assert report.tiles[0].status == "bad"
    assert [row[1] for row in report.sections[0].blocks[0].rows] == [
        Mark("passed", "good"),
        Mark("failed", "bad"),
    ]  # type: ignore[union-attr]


def test_who_is_beaten_in_quality_and_cost_is_not_on_the_front() -> None:
    rows = _tables(evaluation_report(FOUND).sections)["Quality and training time"].rows
    assert [(row[0], row[-1]) for row in rows] == [("a", "yes"), ("b", "no")]


def test_one_contender_alone_has_a_report_too() -> None:
    alone = replace(ASSESSMENT, found={"a": ASSESSMENT.found["a"]}, tests=())
    found = replace(
        FOUND, recipes={"a": "svd"}, assessments={"temporal": alone}, gates=(), costs={}, sensitivity=()
    )
    report = evaluation_report(found)
    assert report.summary.startswith("a by itself")
    assert "Gates" not in [section.title for section in report.sections]
    assert "Everybody, temporal" in to_html(report)


@pytest.mark.parametrize("render", [to_html, to_markdown])
def test_every_section_is_in_both_forms(render) -> None:
    text = render(evaluation_report(FOUND))
    for title in (
        "Gates",
        "Quality and cost",
        "Protocol temporal",
        "Calibration",
        "Long tail",
        "Sensitivity",
    ):
        assert title in text


def test_coldstart_shows_how_figures_grow_with_what_is_known() -> None:
    one = ASSESSMENT.found["a"]
    groups = ("0 ratings", "3 ratings", "5 ratings", "10 ratings", "new items")
    counts = dict.fromkeys(groups, 5)
    figures = {group: {"ndcg": Estimate(0.1 * place, None, None)} for place, group in enumerate(groups)}
    grown = replace(one, figures=figures, people=counts, ratings=counts, lists=counts)
    assessment = replace(ASSESSMENT, protocol="coldstart", groups=groups, found={"a": grown}, tests=())
    found = replace(FOUND, recipes={"a": "svd"}, assessments={"coldstart": assessment}, gates=(), costs={})
    report = evaluation_report(replace(found, about={"coldstart": "Newcomers."}))
    (plot,) = [plot for plot in report.plots() if plot.name == "growth-ndcg"]
    assert plot.series[0].x == (0.0, 3.0, 5.0, 10.0)
    assert plot.series[0].y == pytest.approx((0.0, 0.1, 0.2, 0.3))
