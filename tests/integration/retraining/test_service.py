"""The retraining service as a process, beside a real Postgres and a real MLflow."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from marquee.registry.client import RegistryClient
from marquee.stack.ports import free_port
from marquee.store import deployment, runs
from marquee.store.runs import Run
from marquee.training.queue import RETRY, enqueue
from tests.running import MlflowServer
from tests.support.platform import Platform, load_checkerboard, make_platform


@dataclass
class Service:
    """A `python -m retraining` of the test's."""

    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @classmethod
    def start(cls, platform: Platform, folder: Path) -> "Service":
        port = free_port()
        log = folder / f"retraining-{port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "retraining"],
                env={**platform.environment, "MARQUEE_RETRAINING_PORT": str(port)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        service = cls(process, f"http://127.0.0.1:{port}", log)
        wait_for(lambda: service.ready().get("status") == "ready", service.said)
        return service

    def ready(self) -> dict[str, object]:
        try:
            answer: dict[str, object] = httpx.get(f"{self.url}/health/ready", trust_env=False).json()
        except httpx.TransportError:
            return {}
        return answer

    def leads(self) -> bool:
        return self.ready().get("role") == "leader"

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


def wait_for(condition: Callable[[], bool], said: Callable[[], str] = str, *, seconds: float = 150.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain. {said()}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    load_checkerboard(engine)
    return platform


@pytest.fixture
def start(platform: Platform, tmp_path: Path) -> Iterator[Callable[[], Service]]:
    """Starts services, which end with the test."""
    started: list[Service] = []

    def start_one() -> Service:
        started.append(Service.start(platform, tmp_path))
        return started[-1]

    yield start_one
    for service in started:
        service.end(signal.SIGKILL)
    with platform.engine.begin() as connection:  # so that the next test's service finds an empty queue
        for run in [*runs.in_state(connection, "queued"), *runs.in_state(connection, "running")]:
            runs.fail(connection, run.run_id, "tidied away")


def _ask(platform: Platform) -> str:
    with platform.engine.begin() as connection:
        return enqueue(connection, trigger="api", requested_by="ada", reason="a test").run_id


def _run(platform: Platform, run_id: str) -> Run:
    with platform.engine.connect() as connection:
        return runs.get(connection, run_id)


def _newest(platform: Platform) -> Run:
    with platform.engine.connect() as connection:
        return runs.list_page(connection, limit=1)[0]


def test_a_run_that_was_asked_for_ends_with_a_champion(
    platform: Platform, start: Callable[[], Service]
) -> None:
    run_id = _ask(platform)
    service = start()
    wait_for(lambda: _run(platform, run_id).state in ("succeeded", "failed"), service.said)
    run = _run(platform, run_id)
    assert (run.state, run.error) == ("succeeded", None), service.said()
    with platform.engine.connect() as connection:
        assert deployment.get(connection).champion == run.model_version
    with RegistryClient(platform.settings.mlflow()) as registry:
        wait_for(lambda: registry.champion() == run.model_version)
    wait_for(lambda: 'runs_total{state="succeeded"} 1.0' in httpx.get(f"{service.url}/metrics").text)
    assert service.end() == 0


def test_a_second_service_takes_over_when_the_leader_is_killed(
    platform: Platform, start: Callable[[], Service]
) -> None:
    leader = start()
    wait_for(leader.leads)
    follower = start()
    assert not follower.leads()
    killed = time.monotonic()
    leader.end(signal.SIGKILL)
    wait_for(follower.leads, follower.said, seconds=10)
    assert time.monotonic() - killed < 5


def test_a_training_dies_with_its_leader_and_the_next_one_makes_up_for_it(
    platform: Platform, start: Callable[[], Service]
) -> None:
    leader = start()
    wait_for(leader.leads)
    follower = start()
    platform.set_recipe(n_epochs=10_000)  # long enough to be in the middle
    run_id = _ask(platform)
    wait_for(lambda: _run(platform, run_id).state == "running", leader.said)
    (training,) = leader.children()
    platform.set_recipe()
    leader.end(signal.SIGKILL)
    wait_for(lambda: not training.is_running() or training.status() == psutil.STATUS_ZOMBIE, seconds=5)
    wait_for(lambda: _run(platform, run_id).state == "failed", follower.said)
    assert _run(platform, run_id).error == "interrupted: the process that ran it has gone"
    again = _newest(platform)
    assert again.trigger == RETRY
    wait_for(lambda: _run(platform, again.run_id).state == "succeeded", follower.said)


def test_a_training_that_is_killed_leaves_the_champion_and_its_reason(
    platform: Platform, start: Callable[[], Service]
) -> None:
    with platform.engine.connect() as connection:
        before = deployment.get(connection)
    service = start()
    platform.set_recipe(n_epochs=10_000)
    run_id = _ask(platform)
    wait_for(lambda: _run(platform, run_id).state == "running", service.said)
    (training,) = service.children()
    training.kill()
    wait_for(lambda: _run(platform, run_id).state == "failed", service.said)
    platform.set_recipe()
    assert _run(platform, run_id).error == "interrupted: the training's process ended with SIGKILL"
    with platform.engine.connect() as connection:
        assert deployment.get(connection) == before


def test_a_service_that_is_stopped_ends_its_training_and_says_so(
    platform: Platform, start: Callable[[], Service]
) -> None:
    service = start()
    platform.set_recipe(n_epochs=10_000)
    run_id = _ask(platform)
    wait_for(lambda: _run(platform, run_id).state == "running", service.said)
    (training,) = service.children()
    assert service.end(signal.SIGTERM) == 0
    platform.set_recipe()
    assert not training.is_running()
    run = _run(platform, run_id)
    assert (run.state, run.error) == ("failed", "interrupted: the retraining service was stopped")
    assert _newest(platform).trigger == RETRY  # waits for the next start


def test_a_leader_that_loses_its_connection_leads_again(
    platform: Platform, start: Callable[[], Service]
) -> None:
    service = start()
    wait_for(service.leads)
    with platform.engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'marquee-retraining' AND datname = current_database()"
            )
        )
    wait_for(lambda: "leads no longer" in service.said(), service.said)
    wait_for(service.leads, service.said)
    assert service.process.poll() is None


def test_a_wrong_recipe_fails_the_run_with_the_key_that_is_wrong(
    platform: Platform, start: Callable[[], Service]
) -> None:
    service = start()
    (platform.settings.configs_dir / "params.yaml").write_text("rating: {n_leaves: 3}\n", encoding="utf-8")
    run_id = _ask(platform)
    wait_for(lambda: _run(platform, run_id).state == "failed", service.said)
    platform.set_recipe()
    assert "rating.n_leaves" in str(_run(platform, run_id).error)


def test_a_wrong_schedule_stops_the_start_with_one_line(platform: Platform) -> None:
    policy = platform.settings.configs_dir / "policy.yaml"
    kept = policy.read_text(encoding="utf-8")
    policy.write_text('triggers: {cron: "sometimes"}\ngates: {}\n', encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "retraining"],
        env=dict(platform.environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    policy.write_text(kept, encoding="utf-8")
    assert ended.returncode == 9
    assert ended.stderr.startswith(f"error: {policy}: triggers.cron: ")
    assert "no cron expression" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
