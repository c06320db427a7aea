"""A model of another library beside trained ones: registered, judged, deployed, and retrained beside."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from marquee.domain.columns import ITEM, TIME, USER
from marquee.domain.errors import Conflict, CorruptBundle, Forbidden, InvalidInput
from marquee.models import ease, svd
from marquee.models.bundle import Bundle, bundle_from_arrays
from marquee.models.training_set import TrainingSet
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.store import audit, audit_check, deployment, ratings, snapshots, versions
from marquee.training.importing import Imported, import_bundle
from marquee.training.job import Order, context_of, run_now
from marquee.training.queue import new_run_id
from marquee.training.registration import Registered
from marquee.training.rejudging import Rejudged, judge_version
from marquee.training.snapshot import read_platform
from tests.running import MlflowServer
from tests.support.platform import GATES, Platform, load_checkerboard, make_platform
from tests.support.ratings import checkerboard

MARQUEE = [sys.executable, "-P", "-m", "marquee"]


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    load_checkerboard(engine)
    return platform


@pytest.fixture(scope="module")
def board(platform: Platform) -> TrainingSet:
    """What the platform holds before newer ratings come."""
    tables = read_platform(platform.engine)
    return TrainingSet.from_tables(tables.ratings, tables.items, tables.users)


@pytest.fixture(scope="module")
def trained(platform: Platform, board: TrainingSet) -> Registered:
    return _train(platform)


@pytest.fixture(scope="module")
def waiting(
    platform: Platform, board: TrainingSet, trained: Registered, tmp_path_factory: pytest.TempPathFactory
) -> Imported:
    """A bundle of all ratings, registered without deployment."""
    folder = tmp_path_factory.mktemp("waiting") / "bundle"
    _export(folder, board)
    return _register(platform, folder)


@pytest.fixture(scope="module")
def deployed(
    platform: Platform, board: TrainingSet, waiting: Imported, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """The same once more, with --deploy, as somebody types it: what it printed."""
    folder = tmp_path_factory.mktemp("deployed") / "bundle"
    _export(folder, board)
    command = [*MARQUEE, "models", "register", str(folder), "--reason", "we trust it", "--deploy", "--json"]
    refused = subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )
    assert refused.returncode == 6
    assert "another one gets there by gates, review and rollout" in refused.stderr
    platform.set_policy(more="review: {overrule: allow}\nretention: {rollback_days: 3}\n")
    ended = subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, object] = json.loads(ended.stdout)
    return result


@pytest.fixture(scope="module")
def retrained(platform: Platform, deployed: dict[str, object]) -> Registered:
    """A training while an imported model serves, and nothing is newer than it."""
    return _train(platform)


@pytest.fixture(scope="module")
def still(platform: Platform, waiting: Imported, retrained: Registered) -> Rejudged:
    """The one that waits, judged again too early."""
    return _judge(platform, waiting.version)


@pytest.fixture(scope="module")
def grown(platform: Platform, still: Rejudged) -> pd.DataFrame:
    """The rest of the board is rated, later than everything."""
    whole, before = checkerboard(left_out=0.0), checkerboard()
    known = set(zip(before[USER], before[ITEM], strict=True))
    pairs = zip(whole[USER], whole[ITEM], strict=True)
    rest = whole[[pair not in known for pair in pairs]].copy()
    rest[TIME] = 2_000_000 + np.arange(len(rest))
    with platform.engine.begin() as connection:
        ratings.copy_in(connection, rest)
    return rest


def _train(platform: Platform) -> Registered:
    order = Order("test", "ada")
    return run_now(platform.settings, platform.engine, order, lambda _line, _share: None, run_id=new_run_id())


def _export(folder: Path, data: TrainingSet, *, sign: float = 1.0) -> None:
    """What another library would hand over; with the sign -1 it prefers what people dislike."""
    model, _ = svd.train(data, n_factors=4, n_epochs=30, lr_all=0.02, reg_all=0.05, seed=0)
    bundle_from_arrays(
        folder,
        data,
        name="EASE of a notebook",
        item_ids=data.items.ids,
        ranking_weights=sign * ease.train(data, regularization=10.0, dislike=0.0).weights,
        rating_factors=(sign * model.item_factors, model.item_biases),
        dislike=0.0,
        hyperparameters={"regularization": 10.0},
    )


def _register(platform: Platform, folder: Path, *, reason: str = "tried in a notebook") -> Imported:
    order = Order("test", "ada", reason, deploy=False)
    context = context_of(platform.settings, platform.engine, order)
    return import_bundle(context, folder, lambda _line, _share: None)


def _judge(platform: Platform, version: int, *, deploy: bool = False, reason: str = "") -> Rejudged:
    context = context_of(platform.settings, platform.engine, Order("test", "ada", reason, deploy=deploy))
    return judge_version(context, version, lambda _line, _share: None)


def _champion(platform: Platform) -> int | None:
    with platform.engine.connect() as connection:
        return deployment.get(connection).champion


def test_what_nothing_is_newer_than_waits_as_a_candidate(
    platform: Platform, board: TrainingSet, trained: Registered, waiting: Imported
) -> None:
    assert (waiting.version, waiting.state, waiting.deployed) == (trained.version + 1, "candidate", False)
    assert waiting.note == (
        "No figure for known.rmse: fewer than 100 ratings are newer than what was learnt from."
    )
    assert _champion(platform) == trained.version
    with platform.engine.connect() as connection:
        version = versions.get(connection, waiting.version)
        data = snapshots.get(connection, version.snapshot)
    assert version.state == "candidate"
    assert version.semantic_version == "1.1.0"  # the same algorithms, another recipe
    assert version.hyperparameters["ranking"]["imported"] == "EASE of a notebook"
    unjudged = [gate["name"] for gate in version.gates if not gate["judged"]]
    assert unjudged == [*GATES[:6]]
    assert [gate["name"] for gate in version.gates if gate["passed"]] == [
        *("data.quality", "cost.bundle_mb", "integrity.bundle")
    ]
    assert version.requested_by == "test:ada"
    assert version.facts["origin"] == "imported"
    assert version.facts["environment"]["libraries"].keys() >= {"numpy", "scipy"}
    assert version.snapshot == board.fingerprint()
    assert data is not None
    assert (data.ratings, data.items) == (len(board), 20)


def test_its_run_in_mlflow_has_everything_and_it_predicts(
    platform: Platform, board: TrainingSet, waiting: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = platform.settings.mlflow()
    for name, value in connection.environment.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(connection.url)
    client = mlflow.MlflowClient()
    run = client.get_run(waiting.mlflow_run_id)
    assert client.get_experiment(run.info.experiment_id).name == "marquee-imported"
    assert run.data.params["ranking.imported"] == "EASE of a notebook"
    assert run.data.params["ranking.regularization"] == "10.0"
    assert run.data.tags["reason"] == "tried in a notebook"
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == board.fingerprint()[:36]
    model = mlflow.pyfunc.load_model(f"models:/marquee-recommender/{waiting.version}")
    pairs = pd.DataFrame({"user_id": ["u000", "u000", "nobody"], "item_id": ["i000", "i001", "nothing"]})
    liked, disliked, unknown = model.predict(pairs)
    assert liked > unknown > disliked


def test_it_is_fetched_and_opened_like_any_other_version(
    platform: Platform, waiting: Imported, tmp_path: Path
) -> None:
    with RegistryClient(platform.settings.mlflow()) as registry:
        fetch_bundle(registry, waiting.version, tmp_path / "bundle")
    assert Bundle.open(tmp_path / "bundle").manifest.algorithms.ranking == "ease"


def test_a_person_may_deploy_it_all_the_same_and_the_audit_says_who_and_why(
    platform: Platform, waiting: Imported, deployed: dict[str, object]
) -> None:
    assert (deployed["state"], deployed["deployed"]) == ("approved", True)
    assert deployed["semantic_version"] == "1.1.1"  # the same recipe, imported again
    assert _champion(platform) == deployed["version"]
    with platform.engine.connect() as connection:
        promoted, approved, registered = audit.latest(connection, limit=3)
        left = versions.get(connection, waiting.version - 1).purge_after
    assert (promoted.action, approved.action, registered.action) == ("promote", "approve", "register")
    assert left is not None
    assert abs((left - promoted.at) - timedelta(days=3)) < timedelta(minutes=1)
    assert promoted.actor.startswith("command line:")
    assert promoted.reason == "we trust it"
    assert promoted.evidence["overruled"] == [*GATES[:6]]
    with RegistryClient(platform.settings.mlflow()) as registry:
        assert registry.champion() == deployed["version"]


def test_a_training_beside_an_imported_champion_is_registered_but_does_not_pass(
    platform: Platform, deployed: dict[str, object], retrained: Registered
) -> None:
    assert (retrained.state, retrained.deployed) == ("candidate", False)
    assert "fewer than 100 ratings are newer" in retrained.note
    assert retrained.judgement.evidence["compared_with"] == deployed["version"]
    assert retrained.judgement.comparison.champion is None
    assert _champion(platform) == deployed["version"]


def test_with_newer_ratings_the_gates_compare_with_the_imported_models_themselves(
    platform: Platform, deployed: dict[str, object], grown: pd.DataFrame, tmp_path: Path
) -> None:
    compared = _train(platform)
    comparison = compared.judgement.comparison
    assert comparison.champion is not None
    assert comparison.champion.all.ratings == len(comparison.split.test)
    assert comparison.split.test[TIME].min() >= 2_000_000
    assert [gate.name for gate in compared.judgement.gates] == [*GATES]
    assert all(gate.judged for gate in compared.judgement.gates)


def test_a_bundle_as_good_as_the_champion_is_validated_but_never_serves_by_itself(
    platform: Platform, board: TrainingSet, grown: pd.DataFrame, tmp_path: Path
) -> None:
    """Of ratings up to those that the champion knows, too; judged on the newer ones."""
    _put_back(platform)
    before = _champion(platform)
    _export(tmp_path / "bundle", board)
    good = _register(platform, tmp_path / "bundle")
    assert (good.state, good.deployed) == ("validated", False)
    assert good.verdict.comparison is not None
    assert [(gate.low, gate.high) for gate in good.verdict.gates[:2]] == [(0.0, 0.0), (0.0, 0.0)]
    assert "cost.training_seconds" not in [gate.name for gate in good.verdict.gates]
    assert good.to_dict()["metrics"]["known"]["rmse"] < 0.6
    assert _champion(platform) == before


def test_a_worse_bundle_is_rejected_with_its_figures(
    platform: Platform, board: TrainingSet, grown: pd.DataFrame, tmp_path: Path
) -> None:
    _put_back(platform)
    _export(tmp_path / "bundle", board, sign=-1.0)
    bad = _register(platform, tmp_path / "bundle")
    assert bad.state == "rejected"
    failed = {gate.name for gate in bad.verdict.gates if not gate.passed}
    assert "known.ndcg" in failed
    with platform.engine.connect() as connection:
        (row,) = audit.of_subject(connection, f"version {bad.version}")
        assert audit_check.check(connection).faults == ()
    assert (row.actor, row.action, row.evidence["state"]) == ("test:ada", "register", "rejected")
    assert set(row.evidence["failed"]) == failed
    assert row.evidence["mlflow_run_id"] == bad.mlflow_run_id


def test_random_scores_are_rejected(
    platform: Platform, board: TrainingSet, grown: pd.DataFrame, tmp_path: Path
) -> None:
    _put_back(platform)
    n = len(board.items)
    model, _ = svd.train(board, n_factors=4, n_epochs=30, lr_all=0.02, reg_all=0.05, seed=0)
    bundle_from_arrays(
        tmp_path / "bundle",
        board,
        name="chance",
        item_ids=board.items.ids,
        ranking_weights=np.random.default_rng(3).normal(size=(n, n)).astype(np.float32),
        rating_factors=(model.item_factors, model.item_biases),
        dislike=0.0,
        hyperparameters={},
    )
    bad = _register(platform, tmp_path / "bundle")
    assert bad.state == "rejected"
    assert "known.ndcg" in bad.note


def test_a_candidate_judged_again_while_nothing_is_newer_stays_as_it_is(
    platform: Platform, waiting: Imported, still: Rejudged
) -> None:
    assert (still.state, still.deployed, still.verdict.metrics) == ("candidate", False, {})
    assert "fewer than 100 ratings are newer" in still.note


def test_a_candidate_judged_again_with_newer_ratings_is_validated_and_the_audit_says_by_what(
    platform: Platform, waiting: Imported, grown: pd.DataFrame
) -> None:
    """It is of the same ratings as the champion, by the same recipe: not worse in anything."""
    _put_back(platform)
    before = _champion(platform)
    command = [*MARQUEE, "models", "judge", str(waiting.version), "--json"]
    ended = subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    printed = json.loads(ended.stdout)
    assert (printed["state"], printed["deployed"]) == ("validated", False)
    with platform.engine.connect() as connection:
        version = versions.get(connection, waiting.version)
        (judged,) = audit.latest(connection, limit=1)
    assert version.state == "validated"
    assert version.metrics["known"] == printed["metrics"]["known"]
    assert all(gate["passed"] for gate in version.gates)
    assert (judged.action, judged.subject) == ("judge", f"version {waiting.version}")
    assert judged.evidence["compared_with"] == before
    assert _champion(platform) == before
    with pytest.raises(Conflict, match="is validated: it has been judged"):
        _judge(platform, waiting.version)


def test_a_person_may_deploy_a_candidate_that_was_judged_again(
    platform: Platform, deployed: dict[str, object], retrained: Registered, grown: pd.DataFrame
) -> None:
    _put_back(platform)
    with pytest.raises(InvalidInput, match="no reason"):
        _judge(platform, retrained.version, deploy=True)
    platform.set_policy()
    with pytest.raises(Forbidden, match="another one gets there by gates, review and rollout"):
        _judge(platform, retrained.version, deploy=True, reason="seen enough")
    platform.set_policy(more="review: {overrule: allow}\n")
    done = _judge(platform, retrained.version, deploy=True, reason="seen enough")
    assert (done.state, done.deployed, done.note) == ("approved", True, "")
    assert _champion(platform) == retrained.version
    with RegistryClient(platform.settings.mlflow()) as registry:
        assert registry.champion() == retrained.version


def test_what_cannot_be_registered_is_refused_before_anything_is_written(
    platform: Platform, board: TrainingSet, trained: Registered, tmp_path: Path
) -> None:
    with platform.engine.connect() as connection:
        count = len(versions.list_all(connection))
    strange = checkerboard().assign(**{ITEM: lambda frame: "other-" + frame[ITEM]})
    _export(tmp_path / "strange", TrainingSet.from_frame(strange))
    with pytest.raises(InvalidInput, match="None of the bundle's 20 items, such as 'other-i000'"):
        _register(platform, tmp_path / "strange")
    _export(tmp_path / "damaged", board)
    with pytest.raises(InvalidInput, match="no reason"):
        _register(platform, tmp_path / "damaged", reason=" ")
    (tmp_path / "damaged" / "items.json").write_text("[]")
    with pytest.raises(CorruptBundle, match=r"damaged/items\.json does not have the SHA-256"):
        _register(platform, tmp_path / "damaged")
    with platform.engine.connect() as connection:
        assert len(versions.list_all(connection)) == count


def _put_back(platform: Platform) -> None:
    """The imported champion of the fixtures serves again, if a training has taken its place."""
    from marquee.lifecycle import rollback

    with platform.engine.connect() as connection:
        imported = max(
            version.version
            for version in versions.list_all(connection)
            if version.state == "approved" and "imported" in version.hyperparameters["ranking"]
        )
        now = deployment.get(connection).champion
    if now != imported:
        rollback(platform.engine, actor="test", reason="the next test", to=imported)
