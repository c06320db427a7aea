"""A benchmark's verdict follows from its figures, and its file has the shape that readers expect."""

import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import above_peer, at_least, at_most, between, plain, share_of_peer


@pytest.mark.parametrize(("seconds", "ok"), [(179.9, True), (180.0, True), (180.1, False)])
def test_a_limit_is_reached_up_to_itself(seconds: float, ok: bool) -> None:
    row = at_most("start", seconds, "s", 180.0)
    assert (row.ok, row.reach, row.peer, row.ratio) == (ok, "180 s or less", None, None)


def test_a_limit_may_have_a_peer_beside_it() -> None:
    row = at_most("RMSE", 0.91, "stars", 0.915, peer=("library", 0.94))
    assert (row.peer, row.peer_value, row.ratio) == ("library", 0.94, pytest.approx(0.968, abs=5e-4))


@pytest.mark.parametrize(("rate", "ok"), [(3000.0, True), (2999.0, False)])
def test_a_share_is_judged_by_the_ratio(rate: float, ok: bool) -> None:
    row = share_of_peer("lists", rate, "requests/s", ("trivial", 10_000.0), 0.3)
    assert (row.ok, row.ratio) == (ok, rate / 10_000)


def test_the_file_names_machine_versions_and_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    path = report.write("sample", "python -m benchmarks sample", [plain("idle", 1.5, "GB")])
    content = json.loads(path.read_text(encoding="utf-8"))
    assert path == tmp_path / "results" / "sample.json"
    assert set(content) == {"name", "command", "machine", "versions", "rows"}
    assert content["machine"]["cores"] >= 1
    assert {"marquee", "python", "numpy"} <= set(content["versions"])
    (row,) = content["rows"]
    assert set(row) == {"what", "value", "unit", "peer", "peer_value", "ratio", "reach", "ok"}
    assert (row["value"], row["ok"], row["reach"]) == (1.5, True, None)


@pytest.mark.parametrize(("ndcg", "ok"), [(0.49, True), (0.485, True), (0.484, False)])
def test_a_floor_is_reached_from_itself_on(ndcg: float, ok: bool) -> None:
    row = at_least("lists", ndcg, "nDCG", 0.485, peer=("published", 0.475))
    assert (row.ok, row.reach, row.ratio) == (ok, "0.485 nDCG or more", ndcg / 0.475)


@pytest.mark.parametrize(("share", "ok"), [(0.87, False), (0.88, True), (0.92, True), (0.93, False)])
def test_a_figure_may_have_to_lie_between_two(share: float, ok: bool) -> None:
    row = between("coverage", share, "of ratings", 0.88, 0.92)
    assert (row.ok, row.reach) == (ok, "between 0.88 and 0.92 of ratings")


@pytest.mark.parametrize(("ndcg", "ok"), [(0.18, True), (0.17, False)])
def test_as_good_as_the_peer_is_not_above_it(ndcg: float, ok: bool) -> None:
    row = above_peer("lists", ndcg, "nDCG", ("popularity", 0.17))
    assert (row.ok, row.reach) == (ok, "above the peer")


def test_a_plain_figure_may_have_a_peer_and_reaches_for_nothing() -> None:
    row = plain("lists", 0.2, "nDCG", peer=("popularity", 0.1))
    assert (row.peer, row.ratio, row.reach, row.ok) == ("popularity", 2.0, None, True)
