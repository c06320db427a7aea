"""Data and settings at the edge, loaded and trained as somebody types it: it works, or says what is wrong."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from marquee.cli.main import main
from marquee.store.engine import connect
from tests.running import MlflowServer
from tests.support.data_files import write
from tests.support.platform import BEAT_THE_BASELINES, make_platform
from tests.support.ratings import checkerboard

Row = tuple[str, str, float, int]
Capture = pytest.CaptureFixture[str]

BOARD: list[Row] = list(checkerboard().itertuples(index=False, name=None))
ODD = ("ann lee", "a/b", "../up", "🎬 fan", "üñï", "a%2Fb", "x?y#z", '"q", r', "o'k", "<b>")


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict[str, Any]:
        assert self.status == 0, self.stderr
        found: dict[str, Any] = json.loads(self.stdout)
        return found


Marquee = Callable[..., Ended]


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    return tmp_path / "platform" / "configs"


@pytest.fixture
def marquee(
    tmp_path: Path,
    new_database: Callable[[], str],
    mlflow_server: MlflowServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: Capture,
) -> Iterable[Marquee]:
    """Runs a command in this process, on an empty platform of the test's own."""
    (tmp_path / "platform").mkdir()
    url = new_database()
    engine = connect(url, application_name="tests")
    platform = make_platform(tmp_path / "platform", url, engine, mlflow_server)
    platform.set_policy(rules="")  # of some of these data nobody can learn more than the baselines know
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["marquee", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return Ended(int(end.value.code or 0), *capfd.readouterr())

    yield run
    engine.dispose()


def _file(folder: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    lines = [
        json.dumps(dict(zip(("user_id", "item_id", "rating", "timestamp"), row, strict=True))) for row in rows
    ]
    write(folder / "ratings.jsonl", "\n".join(lines))
    return folder / "ratings.jsonl"


def _rated(rows: Iterable[Row], stars: Callable[[float], float]) -> list[Row]:
    return [(user, item, stars(rating), time) for user, item, rating, time in rows]


def _train(marquee: Marquee, file: Path) -> dict[str, Any]:
    assert marquee("data", "load", str(file)).status == 0
    return marquee("train", "--json").result


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("ann", f"i{n}", 1.0 + n % 5, 1000 + n) for n in range(60)], id="one user"),
        pytest.param([(f"u{n}", "film", 1.0 + n % 5, 1000 + n) for n in range(60)], id="one item"),
        pytest.param(_rated(BOARD, lambda _: 4.0), id="all ratings equal"),
    ],
)
def test_it_trains_all_the_same(marquee: Marquee, tmp_path: Path, rows: list[Row]) -> None:
    trained = _train(marquee, _file(tmp_path, rows))
    assert trained["deployed"] is True


def test_a_first_model_that_is_not_surely_better_than_the_baselines_does_not_serve(
    marquee: Marquee, configs: Path, tmp_path: Path
) -> None:
    """One person's ratings are a figure, but no interval."""
    policy = configs / "policy.yaml"
    policy.write_text(policy.read_text().replace("  slices:", f"{BEAT_THE_BASELINES}  slices:"))
    trained = _train(marquee, _file(tmp_path, [("ann", f"i{n}", 1.0 + n % 5, 1000 + n) for n in range(60)]))
    assert (trained["state"], trained["deployed"]) == ("candidate", False)
    assert trained["note"] == "No figure for baselines.known.rmse: too few people for an interval (1)."


def test_a_user_with_no_rating_left_after_the_split_is_judged_as_new(
    marquee: Marquee, tmp_path: Path
) -> None:
    late = [("late", f"i{n:03d}", 5.0, 9_000_000 + n) for n in range(15)]
    trained = _train(marquee, _file(tmp_path, [*BOARD, *late]))
    assert trained["metrics"]["new"]["ratings"] >= len(late)
    assert trained["deployed"] is True


def test_ids_may_hold_blanks_slashes_and_emoji(marquee: Marquee, tmp_path: Path) -> None:
    """They come back as they are, from the snapshot of the version too."""
    users = {user: f"{ODD[n % 10]} {n}" for n, user in enumerate(sorted({row[0] for row in BOARD}))}
    items = {item: f"{ODD[n % 10]}{n}" for n, item in enumerate(sorted({row[1] for row in BOARD}))}
    odd = [(users[user], items[item], *rest) for user, item, *rest in BOARD]
    trained = _train(marquee, _file(tmp_path, odd))
    assert trained["deployed"] is True
    assert marquee("data", "checkout", str(trained["version"]), "--to", str(tmp_path / "back")).status == 0
    again = marquee("data", "load", str(tmp_path / "back" / "ratings.csv"), "--json").result
    assert again["ratings"]["unchanged"] == len(odd)


@pytest.mark.parametrize(
    ("scale", "stars"),
    [
        pytest.param("{min: 0.5, max: 5, step: 0.5}", lambda stars: stars - 0.5, id="0.5 to 5"),
        pytest.param("{min: 1, max: 10, step: 1}", lambda stars: 2 * stars, id="1 to 10"),
        pytest.param("{min: 0, max: 1, step: 1}", lambda stars: float(stars > 3), id="thumbs"),
    ],
)
def test_another_scale_works_once_it_is_configured(
    marquee: Marquee, configs: Path, tmp_path: Path, scale: str, stars: Callable[[float], float]
) -> None:
    """The board's likes are known on each: lists find them."""
    (configs / "serving.yaml").write_text(f"rating_scale: {scale}\n")
    trained = _train(marquee, _file(tmp_path, _rated(BOARD, stars)))
    assert trained["deployed"] is True
    assert trained["metrics"]["known"]["ndcg"] > 0.3
    again = marquee("train", "--json").result
    assert all(gate["passed"] for gate in again["gates"])


def test_ratings_off_the_scale_are_refused_and_it_is_said_where_the_scale_is(
    marquee: Marquee, tmp_path: Path
) -> None:
    loaded = marquee("data", "load", str(_file(tmp_path, _rated(BOARD, lambda stars: 2 * stars))))
    assert loaded.status == 10
    assert "configs/serving.yaml" in loaded.stdout
    assert "1 to 5" in loaded.stdout


def test_not_a_number_is_refused_row_by_row_and_the_rest_is_loaded(marquee: Marquee, tmp_path: Path) -> None:
    rows = [(u, i, float("nan") if n == 7 else r, t) for n, (u, i, r, t) in enumerate(BOARD)]
    loaded = marquee("data", "load", str(_file(tmp_path, rows)))
    assert loaded.status == 10
    assert "Rejected: 1 row." in loaded.stdout
    assert "line 8" in loaded.stdout
    assert "NaN" in loaded.stdout or "nan" in loaded.stdout


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        ("rating: {algorithm: svd, n_factors: 0}", "rating.n_factors"),
        ("rating: {algorithm: svd, reg_all: .nan}", "rating.reg_all"),
        ("rating: {algorithm: bayes-svdpp, n_factors: 0}", "rating.n_factors"),
        ("ranking: {algorithm: ials, n_factors: 0}", "ranking.n_factors"),
        ("ranking: {algorithm: ease, regularization: 0}", "ranking.regularization"),
        ("ranking: {algorithm: vae, n_latent: 0}", "ranking.n_latent"),
    ],
)
def test_a_recipe_that_cannot_be_trained_is_refused_by_name(
    marquee: Marquee, configs: Path, tmp_path: Path, recipe: str, named: str
) -> None:
    assert marquee("data", "load", str(_file(tmp_path, BOARD))).status == 0
    (configs / "params.yaml").write_text(f"data: {{name: board}}\n{recipe}\n")
    refused = marquee("train", "--json")
    assert refused.status == 9
    assert named in refused.stderr


def test_a_descent_that_runs_away_is_refused(marquee: Marquee, configs: Path, tmp_path: Path) -> None:
    assert marquee("data", "load", str(_file(tmp_path, BOARD))).status == 0
    (configs / "params.yaml").write_text(
        "rating: {algorithm: svd, lr_all: 1.0, n_factors: 4, reg_all: 0.0}\n"
    )
    refused = marquee("train", "--json")
    assert refused.status == 2
    assert "lr_all" in refused.stderr
