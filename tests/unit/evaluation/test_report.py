import json

from marquee.evaluation.report import GroupReport, Report

SOME = GroupReport(
    users=5, ratings=9, ranked_users=4, lists=6, rmse=0.9, mae=0.7, precision=0.2, recall=0.1, ndcg=0.25
)
NONE = GroupReport(0, 0, 0, 0, None, None, None, None, None)
REPORT = Report(k=10, liked=4.0, known=SOME, new=NONE, all=SOME)


def test_metrics_are_flat_and_leave_out_what_was_not_measured() -> None:
    metrics = REPORT.metrics()
    assert metrics["known.rmse"] == 0.9
    assert metrics["known.users"] == 5.0
    assert metrics["new.users"] == 0.0
    assert "new.rmse" not in metrics


def test_a_figure_is_found_by_group_and_metric() -> None:
    assert REPORT.figure("all", "ndcg") == 0.25
    assert REPORT.figure("new", "ndcg") is None


def test_a_report_is_json() -> None:
    content = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))
    assert content["known"]["mae"] == 0.7
    assert content["new"]["mae"] is None
    assert (content["k"], content["liked"]) == (10, 4.0)
