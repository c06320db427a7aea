"""MLflow's aliases and tags follow a real Postgres into a real MLflow."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import Engine, text

from marquee.lifecycle import Mirroring, mirror, mirror_tags
from marquee.lifecycle.rollouts import abort
from marquee.lifecycle.sending_back import note_sent_back
from marquee.registry.client import MODEL_NAME, RegistryClient
from marquee.settings import MlflowConnection
from marquee.store import alerts, audit, deployment, versions
from tests.running import MlflowServer
from tests.support.service import eventually
from tests.support.trial import Trial


@pytest.fixture(scope="module")
def registry(mlflow_server: MlflowServer) -> Iterator[RegistryClient]:
    """A registry with the versions 1 to 4 at least, and no aliases; 4 is not known to the platform."""
    account = (mlflow_server.username, mlflow_server.password)
    with httpx.Client(base_url=f"{mlflow_server.url}/api/2.0/mlflow", auth=account) as http:
        made = http.post("/registered-models/create", json={"name": MODEL_NAME})
        assert made.is_success or "RESOURCE_ALREADY_EXISTS" in made.text, made.text
        while _new_version(http) < 4:
            pass
    with RegistryClient(MlflowConnection(mlflow_server.url, *account)) as client:
        _point_nowhere(client)
        yield client
        _point_nowhere(client)


def _new_version(http: httpx.Client) -> int:
    run = http.post("/runs/create", json={"experiment_id": "0"}).raise_for_status().json()["run"]["info"]
    source = {"name": MODEL_NAME, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    made = http.post("/model-versions/create", json=source)
    assert made.is_success, made.text
    return int(made.json()["model_version"]["version"])


def _point_nowhere(client: RegistryClient) -> None:
    """Other tests share the server."""
    for alias in client.aliases():
        client.set_alias(alias, None)


def _alerts(engine: Engine) -> list[alerts.Alert]:
    with engine.begin() as connection:
        found = alerts.list_page(connection, limit=10, only_open=True)
        for alert in found:
            alerts.resolve(connection, alert.alert_id, "the test")
    return found


def test_both_aliases_follow_the_deployment(trial: Trial, registry: RegistryClient) -> None:
    assert mirror(trial.engine, registry) is Mirroring.MOVED
    assert registry.aliases() == {"champion": 1}
    trial.start()
    assert mirror(trial.engine, registry) is Mirroring.MOVED
    assert registry.aliases() == {"champion": 1, "challenger": 2}
    assert mirror(trial.engine, registry) is Mirroring.IN_STEP
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    assert mirror(trial.engine, registry) is Mirroring.MOVED
    assert registry.aliases() == {"champion": 1}
    assert _alerts(trial.engine) == []


def test_an_alias_moved_by_hand_is_put_back_and_offered_as_a_rollout(
    trial: Trial, registry: RegistryClient
) -> None:
    mirror(trial.engine, registry)
    registry.set_champion(3)
    assert mirror(trial.engine, registry) is Mirroring.RESTORED
    assert registry.aliases() == {"champion": 1}
    assert trial.champion == 1
    (alert,) = _alerts(trial.engine)
    assert (alert.kind, alert.subject) == ("alias moved", "version 3")
    assert alert.offer == {"action": "rollout", "version": 3}
    assert "It is put back to version 1. Version 3 is approved" in alert.message
    with trial.engine.connect() as connection:
        entry = audit.latest(connection, limit=1)[0]
    assert (entry.actor, entry.action, entry.evidence["found"]) == ("mirror", "restore alias", 3)
    assert mirror(trial.engine, registry) is Mirroring.IN_STEP


def test_what_cannot_be_rolled_out_is_not_offered_but_named(trial: Trial, registry: RegistryClient) -> None:
    mirror(trial.engine, registry)
    with trial.engine.begin() as connection:
        versions.set_state(connection, 3, expected="approved", state="retired")
    registry.set_champion(3)
    mirror(trial.engine, registry)
    (alert,) = _alerts(trial.engine)
    assert alert.offer is None
    assert "Version 3 is retired, and only an approved one can be rolled out." in alert.message
    with trial.engine.begin() as connection:
        versions.set_state(connection, 3, expected="retired", state="approved")

    registry.set_alias("challenger", 4)
    mirror(trial.engine, registry)
    (alert,) = _alerts(trial.engine)
    assert "Version 4 is not known to the platform" in alert.message
    assert registry.aliases() == {"champion": 1}


def test_what_was_sent_back_is_not_offered_and_an_offer_that_stands_is_withdrawn(
    trial: Trial, registry: RegistryClient
) -> None:
    mirror(trial.engine, registry)
    registry.set_champion(3)
    mirror(trial.engine, registry)
    with trial.engine.begin() as connection:
        note_sent_back(connection, 3, "by rollout 9: its lists failed.")
    (alert,) = _alerts(trial.engine)
    assert alert.offer is None
    assert alert.message.endswith("Since then version 3 was sent back.")
    with trial.engine.begin() as connection:
        alerts.resolve_about(connection, kind=alert.kind, subject=alert.subject, by="ada")
    registry.set_champion(3)
    mirror(trial.engine, registry)
    (alert,) = _alerts(trial.engine)
    assert alert.offer is None
    assert alert.message.endswith("Version 3 was sent back by rollout 9: its lists failed.")


def test_an_alias_that_was_taken_away_is_given_back(trial: Trial, registry: RegistryClient) -> None:
    mirror(trial.engine, registry)
    registry.set_alias("champion", None)
    assert mirror(trial.engine, registry) is Mirroring.RESTORED
    assert registry.champion() == 1
    (alert,) = _alerts(trial.engine)
    assert (alert.subject, alert.offer) == ("alias champion", None)


def test_a_move_by_hand_is_told_apart_from_a_lag_even_while_the_deployment_changes(
    trial: Trial, registry: RegistryClient
) -> None:
    mirror(trial.engine, registry)
    trial.start()
    registry.set_alias("challenger", 2)  # a mirror that was killed before it could write what it had done
    assert mirror(trial.engine, registry) is Mirroring.MOVED
    assert _alerts(trial.engine) == []
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    registry.set_alias("challenger", 3)  # neither where it was nor where it should be
    assert mirror(trial.engine, registry) is Mirroring.RESTORED
    assert registry.aliases() == {"champion": 1}
    assert [alert.subject for alert in _alerts(trial.engine)] == ["version 3"]


def test_a_move_by_hand_is_audited_even_while_an_operator_decides(
    trial: Trial, registry: RegistryClient
) -> None:
    """Both take the audit's lock before the deployment's, and so wait for each other, not both at once."""
    mirror(trial.engine, registry)
    registry.set_champion(3)
    with ThreadPoolExecutor(1) as thread:
        with trial.engine.begin() as operator:
            audit.lock(operator)
            looking = thread.submit(mirror, trial.engine, registry)
            eventually(lambda: _waiting(trial.engine), what="the mirror to wait")
            now = deployment.get(operator)
            deployment.end_trial(operator, expected_revision=now.revision)
        assert looking.result(20) is Mirroring.OVERTAKEN
    assert mirror(trial.engine, registry) is Mirroring.RESTORED
    assert registry.champion() == 1
    assert [alert.subject for alert in _alerts(trial.engine)] == ["version 3"]
    with trial.engine.connect() as connection:
        assert audit.latest(connection, limit=1)[0].action == "restore alias"


def _waiting(engine: Engine) -> bool:
    """Whether somebody waits for the audit's lock."""
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(connection.scalar(query))


def test_tags_say_the_state_and_number_of_each_version(trial: Trial, registry: RegistryClient) -> None:
    mirror_tags(trial.engine, registry)
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'retired' WHERE version = 3"))
    registry.set_tag(2, "state", "champion of the world")
    assert mirror_tags(trial.engine, registry) == 2
    tags = registry.tags()
    assert [tags[version]["state"] for version in (1, 2, 3)] == ["approved", "approved", "retired"]
    assert tags[2]["semantic_version"] == "1.0.2"
    assert mirror_tags(trial.engine, registry) == 0
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'approved' WHERE version = 3"))
