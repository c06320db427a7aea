"""Trainings against a real Postgres and a real MLflow, from the snapshot to the champion."""

import threading
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from sqlalchemy import Engine

from marquee.domain.errors import Conflict, CorruptBundle, DataError, InvalidInput, NotFound, Unavailable
from marquee.lifecycle import Mirroring, mirror, promote, rollback
from marquee.models.bundle import Bundle
from marquee.registry.__main__ import main as registry_command
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.settings import MlflowConnection
from marquee.store import audit, deployment, runs, snapshots, versions
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.training.job import Order, run_now
from marquee.training.queue import new_run_id
from marquee.training.registration import Registered
from tests.running import MlflowServer
from tests.support.platform import BEAT_THE_BASELINES, GATES, Platform, load_checkerboard, make_platform

BESIDE_A_CHAMPION = ("known.rmse", "known.ndcg", "slices.gender.rmse", "cost.slower")
NOWHERE = "http://127.0.0.1:9"  # the port of `discard`, where nothing listens


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    return make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)


@pytest.fixture(scope="module")
def registry(platform: Platform) -> Iterator[RegistryClient]:
    with RegistryClient(platform.settings.mlflow()) as client:
        yield client


@pytest.fixture(scope="module")
def first(platform: Platform) -> Registered:
    """The first model."""
    load_checkerboard(platform.engine)
    return _train(platform)


def _train(platform: Platform, run_id: str = "", **order: object) -> Registered:
    wanted = Order(**{"trigger": "test", "requested_by": "ada", **order})  # type: ignore[arg-type]
    return run_now(
        platform.settings, platform.engine, wanted, lambda _line, _share: None, run_id=run_id or new_run_id()
    )


def _champion(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return deployment.get(connection).champion


def test_without_ratings_the_run_fails_with_the_reason(platform: Platform) -> None:
    with pytest.raises(DataError):
        _train(platform, "no-ratings")
    with platform.engine.connect() as connection:
        run = runs.get(connection, "no-ratings")
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.startswith("There are no ratings to train on. Load some with `marquee data load`")


def test_the_first_model_is_deployed_and_its_run_says_so(platform: Platform, first: Registered) -> None:
    assert (first.semantic_version, first.state, first.deployed) == ("1.0.0", "approved", True)
    assert _champion(platform.engine) == first.version
    with platform.engine.connect() as connection:
        run = runs.list_page(connection, limit=1)[0]
        lines = [line.message for line in runs.log_lines(connection, run.run_id)]
        actions = [entry.action for entry in audit.latest(connection, limit=2)]
    assert (run.state, run.model_version, run.progress) == ("succeeded", first.version, 1.0)
    assert lines[0] == "Taking a snapshot of the data"
    assert lines[-1] == f"Version {first.version} (1.0.0) is the champion."
    assert actions == ["promote", "approve"]


def test_the_first_model_must_beat_the_baselines_and_is_recorded_as_the_bootstrap(
    platform: Platform, first: Registered
) -> None:
    """Beside a champion that does not exist nothing is judged."""
    names = [gate.name for gate in first.judgement.gates]
    assert names == [name for name in GATES if name not in BESIDE_A_CHAMPION]
    with platform.engine.connect() as connection:
        *_, promoted = (one for one in audit.latest(connection, limit=99) if one.action == "promote")
    assert promoted.actor == "policy"
    assert promoted.reason == "Bootstrap: the first model of the platform (test). Every gate passed."
    assert promoted.evidence["bootstrap"] is True


def test_every_version_says_how_it_came_about(platform: Platform, first: Registered) -> None:
    with platform.engine.connect() as connection:
        version = versions.get(connection, first.version)
        data = snapshots.get(connection, version.snapshot)
    facts = version.facts
    assert version.requested_by == "test:ada"
    assert (facts["trigger"], facts["origin"], facts["seed"]) == ("test", "trained", 0)
    assert facts["mlflow_run"] == first.mlflow_run_id
    assert facts["bundle_bytes"] == sum(facts["files"].values()) > 1000
    assert facts["training_seconds"] > 0
    assert {"python", "platform", "numpy", "scikit-surprise"} <= set(facts["environment"])
    assert data is not None
    learnt_from = {"ratings": data.ratings, "people": data.users, "items": data.items}
    assert facts["learnt_from"] == learnt_from


def test_the_run_in_mlflow_has_what_a_data_scientist_asks_for(
    platform: Platform, first: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _mlflow_client(platform, monkeypatch)
    run = client.get_run(first.mlflow_run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["rating.n_factors"] == "4"
    report = first.judgement.comparison.candidate
    assert run.data.metrics["known.rmse"] == pytest.approx(report.known.rmse)
    assert "baselines.known.rmse" in run.data.metrics
    assert run.data.tags["snapshot"] == first.snapshot
    assert {"seed", "code_version", "environment.python"} <= set(run.data.tags)
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == first.snapshot[:36]
    files = {file.path for file in client.list_artifacts(first.mlflow_run_id)}
    assert files == {"environment.json", "evaluation.json", "plots", "quality.json"}


def test_the_champion_predicts_in_a_notebook(
    platform: Platform, first: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mlflow_client(platform, monkeypatch)
    model = mlflow.pyfunc.load_model("models:/marquee-recommender@champion")
    pairs = pd.DataFrame({"user_id": ["u000", "u000", "nobody"], "item_id": ["i000", "i001", "nothing"]})
    liked, disliked, unknown = model.predict(pairs)
    assert liked > unknown > disliked


def test_a_bundle_is_fetched_whole_and_verified(
    registry: RegistryClient, first: Registered, tmp_path: Path
) -> None:
    fetch_bundle(registry, first.version, tmp_path / "bundles" / "1")
    bundle = Bundle.open(tmp_path / "bundles" / "1")
    assert bundle.manifest.snapshot_hash == first.snapshot
    assert [folder.name for folder in (tmp_path / "bundles").iterdir()] == ["1"]


def test_a_damaged_copy_is_replaced(registry: RegistryClient, first: Registered, tmp_path: Path) -> None:
    fetch_bundle(registry, first.version, tmp_path / "1")
    (tmp_path / "1" / "items.json").write_text("[]")
    fetch_bundle(registry, first.version, tmp_path / "1")
    assert len(Bundle.open(tmp_path / "1").items) == 20


def test_a_bundle_that_is_corrupt_in_the_registry_is_refused(
    registry: RegistryClient, mlflow_server: MlflowServer, first: Registered, tmp_path: Path
) -> None:
    stored = mlflow_server.home / "mlflow" / "artifacts" / registry.version(first.version).artifacts
    weights = stored / "artifacts" / "bundle" / "ranking.weights.npy"
    sound = weights.read_bytes()
    weights.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        with pytest.raises(CorruptBundle, match=r"ranking\.weights\.npy"):
            fetch_bundle(registry, first.version, tmp_path / "1")
    finally:
        weights.write_bytes(sound)
    assert list(tmp_path.iterdir()) == []


def test_the_command_fetches_and_explains_its_failures(
    platform: Platform,
    first: Registered,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)
    assert registry_command(["fetch", str(first.version), str(tmp_path / "a")]) == 0
    assert registry_command(["fetch", "999999", str(tmp_path / "b")]) == NotFound.exit_code
    monkeypatch.setenv("MARQUEE_MLFLOW_URL", NOWHERE)
    assert registry_command(["fetch", "1", str(tmp_path / "c")]) == Unavailable.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert "version=999999" in lines[0]
    assert f"The MLflow server at {NOWHERE} cannot be reached" in lines[1]


def test_a_wrong_password_is_told_from_an_absent_server(platform: Platform) -> None:
    wrong = MlflowConnection(platform.settings.mlflow().url, "marquee", "not-the-password")
    with RegistryClient(wrong) as client, pytest.raises(Unavailable, match="refuses the platform's account"):
        client.ping()


def test_the_same_recipe_takes_over_with_new_data(platform: Platform, first: Registered) -> None:
    second = _train(platform)
    assert (second.semantic_version, second.deployed) == ("1.0.1", True)
    assert _champion(platform.engine) == second.version
    gates = second.judgement.gates
    assert tuple(gate.name for gate in gates) == GATES
    assert all(gate.passed for gate in gates)
    assert [(gate.low, gate.high) for gate in gates[:2]] == [(0.0, 0.0), (0.0, 0.0)]


def test_a_worse_recipe_is_rejected_with_its_figures(platform: Platform, first: Registered) -> None:
    champion = _champion(platform.engine)
    platform.set_recipe(n_factors=1, n_epochs=1)
    try:
        worse = _train(platform)
    finally:
        platform.set_recipe()
    assert (worse.semantic_version, worse.state, worse.deployed) == ("1.1.0", "rejected", False)
    assert _champion(platform.engine) == champion
    with platform.engine.connect() as connection:
        (gate, *_) = versions.get(connection, worse.version).gates
    assert gate["name"] == "known.rmse"
    assert gate["candidate"] > gate["rival"] + 0.01
    assert gate["low"] > 0.01
    with pytest.raises(Conflict, match="is rejected and cannot become approved"):
        promote(
            platform.engine,
            worse.version,
            actor="ada",
            reason="",
            evidence={},
            expected_revision=_revision(platform),
        )


@pytest.mark.parametrize(
    ("recipe", "fails"),
    [
        (  # steps so short that nothing is learnt
            "rating: {algorithm: svd, n_factors: 1, n_epochs: 1, lr_all: 1.0e-6}\n"
            "ranking: {algorithm: ease, regularization: 10.0}",
            {"known.rmse", "baselines.known.rmse"},
        ),
        (  # everybody the same list
            "rating: {algorithm: svd, n_factors: 4, n_epochs: 30}\nranking: {algorithm: popularity}",
            {"known.ndcg"},
        ),
        (  # as good as no weights
            "rating: {algorithm: svd, n_factors: 4, n_epochs: 30}\n"
            "ranking: {algorithm: ease, regularization: 1.0e+12}",
            {"known.ndcg"},
        ),
    ],
)
def test_bad_recipes_are_rejected(
    platform: Platform, first: Registered, recipe: str, fails: set[str]
) -> None:
    champion = _champion(platform.engine)
    platform.set_params(f"data: {{name: checkerboard}}\n{recipe}\n")
    try:
        bad = _train(platform)
    finally:
        platform.set_recipe()
    assert (bad.state, bad.deployed) == ("rejected", False)
    failed = {gate.name for gate in bad.judgement.gates if not gate.passed}
    assert fails <= failed
    assert all(name in bad.note for name in fails)
    assert _champion(platform.engine) == champion


def test_a_recipe_whose_training_runs_away_makes_no_version(platform: Platform, first: Registered) -> None:
    count = _versions(platform)
    platform.set_params("data: {name: checkerboard}\nrating: {algorithm: svd, n_factors: 1, lr_all: 0.9}\n")
    try:
        with pytest.raises(InvalidInput, match="ran away to infinity"):
            _train(platform, "astray")
    finally:
        platform.set_recipe()
    with platform.engine.connect() as connection:
        assert runs.get(connection, "astray").state == "failed"
    assert _versions(platform) == count


def test_another_recipe_that_passes_every_gate_waits_for_a_review(
    platform: Platform, first: Registered
) -> None:
    """Not worse in anything; but nobody has approved such a recipe yet."""
    champion = _champion(platform.engine)
    platform.set_recipe(n_epochs=31)
    try:
        other = _train(platform)
    finally:
        platform.set_recipe()
    assert all(gate.passed for gate in other.judgement.gates)
    assert (other.state, other.deployed) == ("validated", False)
    assert other.note == "It is another recipe than the champion's, and waits for a review."
    assert _champion(platform.engine) == champion


def test_without_automatic_approval_new_data_wait_too(platform: Platform, first: Registered) -> None:
    champion = _champion(platform.engine)
    platform.set_policy(more="review: {automatic: none}\n")
    try:
        waiting = _train(platform)
    finally:
        platform.set_policy()
    assert (waiting.state, waiting.deployed) == ("validated", False)
    assert _champion(platform.engine) == champion


def test_where_no_rollout_begins_by_itself_new_data_are_approved_and_wait(
    platform: Platform, first: Registered
) -> None:
    champion = _champion(platform.engine)
    platform.set_policy(more="rollouts: {patch: null}\n")
    try:
        approved = _train(platform)
    finally:
        platform.set_policy()
    assert (approved.state, approved.deployed) == ("approved", False)
    with platform.engine.connect() as connection:
        assert versions.get(connection, approved.version).state == "approved"
        (entry,) = audit.latest(connection, limit=1)
    assert (entry.actor, entry.action) == ("policy", "approve")
    assert len(entry.evidence["gates"]) == len(GATES)
    assert _champion(platform.engine) == champion


def test_a_gate_without_a_figure_leaves_a_candidate(platform: Platform, first: Registered) -> None:
    """Nobody is new on the checkerboard."""
    platform.set_policy(rules=f"{BEAT_THE_BASELINES}    - {{metric: ndcg, group: new, margin: 1.0}}\n")
    try:
        candidate = _train(platform)
    finally:
        platform.set_policy()
    assert (candidate.state, candidate.deployed) == ("candidate", False)
    assert candidate.note == "No figure for new.ndcg: there is nobody to measure it by."


def test_a_version_trained_without_deployment_waits(platform: Platform, first: Registered) -> None:
    champion = _champion(platform.engine)
    waiting = _train(platform, deploy=False)
    assert (waiting.state, waiting.deployed) == ("validated", False)
    assert _champion(platform.engine) == champion


def test_a_rollback_brings_the_previous_champion_back(
    platform: Platform, registry: RegistryClient, first: Registered
) -> None:
    with platform.engine.connect() as connection:
        before = deployment.get(connection)
    after = rollback(platform.engine, actor="ada", reason="worse lists")
    assert after.champion == before.previous
    assert after.previous != before.champion  # the way back does not lead to what people just left
    assert mirror(platform.engine, registry) is Mirroring.MOVED
    assert registry.champion() == after.champion


def test_an_alias_moved_by_hand_is_put_back_and_audited(
    platform: Platform, registry: RegistryClient, first: Registered
) -> None:
    mirror(platform.engine, registry)
    assert mirror(platform.engine, registry) is Mirroring.IN_STEP
    champion = _champion(platform.engine)
    with platform.engine.connect() as connection:
        other = next(v.version for v in versions.list_all(connection) if v.version != champion)
    registry.set_champion(other)
    assert mirror(platform.engine, registry) is Mirroring.RESTORED
    assert registry.champion() == champion
    with platform.engine.connect() as connection:
        (entry,) = audit.latest(connection, limit=1)
    assert (entry.action, entry.evidence) == ("restore alias", {"alias": "champion", "found": other})


def test_only_one_training_runs_at_a_time(platform: Platform, first: Registered) -> None:
    lock = Leadership(platform.engine, TRAINING_LOCK)
    assert lock.acquire()
    try:
        with pytest.raises(Conflict, match="Another training runs"):
            _train(platform, "second")
    finally:
        lock.release()
    with platform.engine.connect() as connection, pytest.raises(NotFound):
        runs.get(connection, "second")


def test_a_training_waits_for_whoever_only_looks_whether_one_has_died(
    platform: Platform, first: Registered
) -> None:
    lock = Leadership(platform.engine, TRAINING_LOCK)
    assert lock.acquire()
    threading.Timer(0.5, lock.release).start()
    away = platform.settings.model_copy(update={"mlflow_url": NOWHERE})
    with pytest.raises(Unavailable, match="cannot be reached"):  # it began
        run_now(away, platform.engine, Order("test", "ada"), lambda _line, _share: None, run_id=new_run_id())


def test_without_mlflow_a_training_fails_at_once_and_the_champion_stays(
    platform: Platform, first: Registered
) -> None:
    champion, count = _champion(platform.engine), _versions(platform)
    away = platform.settings.model_copy(update={"mlflow_url": NOWHERE})
    with pytest.raises(Unavailable, match="cannot be reached"):
        run_now(away, platform.engine, Order("test", "ada"), lambda _line, _share: None, run_id="mlflow-away")
    with platform.engine.connect() as connection:
        assert runs.get(connection, "mlflow-away").state == "failed"
    assert (_champion(platform.engine), _versions(platform)) == (champion, count)


def test_when_mlflow_cannot_keep_the_files_nothing_is_registered(
    platform: Platform, registry: RegistryClient, mlflow_server: MlflowServer, first: Registered
) -> None:
    champion, count = _champion(platform.engine), _versions(platform)
    newest = _newest_in_registry(registry)
    artifacts = mlflow_server.home / "mlflow" / "artifacts"
    away = artifacts.rename(artifacts.with_name("away"))
    artifacts.write_text("a file where the folder should be")
    try:
        with pytest.raises(Unavailable, match="cannot be written to MLflow"):
            _train(platform, "disk-full")
    finally:
        artifacts.unlink()
        away.rename(artifacts)
    with platform.engine.connect() as connection:
        run = runs.get(connection, "disk-full")
    assert run.state == "failed"
    assert run.error is not None
    assert "cannot be written to MLflow" in run.error
    assert "\n" not in run.error
    assert (_champion(platform.engine), _versions(platform)) == (champion, count)
    assert _newest_in_registry(registry) == newest


def _newest_in_registry(registry: RegistryClient) -> int:
    version = 0
    while True:
        try:
            registry.version(version + 1)
        except NotFound:
            return version
        version += 1


def _versions(platform: Platform) -> int:
    with platform.engine.connect() as connection:
        return len(versions.list_all(connection))


def _revision(platform: Platform) -> int:
    with platform.engine.connect() as connection:
        return deployment.get(connection).revision


def _mlflow_client(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    for name, value in platform.settings.mlflow().environment.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(platform.settings.mlflow().url)
    return mlflow.MlflowClient()


def test_broken_data_fails_the_training_and_names_check_column_and_row(
    platform: Platform, first: Registered
) -> None:
    """Ratings of 5 stars are broken on a scale that ends at 4."""
    champion, count = _champion(platform.engine), _versions(platform)
    scale = platform.settings.configs_dir / "serving.yaml"
    sound = scale.read_text()
    scale.write_text("rating_scale: {min: 1, max: 4, step: 1}\n")
    try:
        with pytest.raises(DataError, match=r"rating_on_scale \(ratings\.rating\).*row \d+ \(user_id u\d+"):
            _train(platform, "broken-data")
    finally:
        scale.write_text(sound)
    with platform.engine.connect() as connection:
        assert runs.get(connection, "broken-data").state == "failed"
    assert (_champion(platform.engine), _versions(platform)) == (champion, count)
