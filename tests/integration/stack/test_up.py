"""The whole platform: started, used, killed, started again. The tests share one, and leave it running."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running import RunningStack

SECOND_START_SECONDS = 120.0  # a limit for busy machines; `make bench` measures
RATING = "/api/v1/users/42/ratings/50"


def marquee(stack: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "marquee", *arguments]
    return subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=120, check=False)


def processes_of(home: Path) -> Iterator[psutil.Process]:
    """Everything that runs for a state folder, PostgreSQL's own processes included."""
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(word == str(home) or word.startswith(f"{home}/") for word in words):
            yield process


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def recorded_pid(stack: RunningStack, name: str) -> int:
    record = json.loads((stack.home / "run" / "stack.json").read_text())
    return int(next(child["pid"] for child in record["children"] if child["name"] == name))


@pytest.fixture
def operator(stack: RunningStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, headers={"Origin": stack.url}) as client:
        account = {"name": "operator", "password": stack.operator_password}
        client.post("/api/v1/session", json=account).raise_for_status()
        yield client


def test_every_part_answers(stack: RunningStack) -> None:
    record = json.loads((stack.home / "run" / "stack.json").read_text())
    assert httpx.get(f"{stack.url}/api/v1/health/ready").status_code == 200
    assert httpx.get(f"{stack.url}/docs").status_code == 200
    assert httpx.get(f"{stack.mlflow_url}/health").status_code == 200
    assert httpx.get(f"{record['retraining_url']}/health/ready").status_code == 200


def test_the_addresses_and_the_password_are_printed_then_ready(stack: RunningStack) -> None:
    printed = "\n".join(stack.lines)
    assert f"{stack.url}/" in printed
    assert f"{stack.mlflow_url}/" in printed
    assert printed.count(stack.operator_password) == 1
    assert stack.lines[-1] == "ready"


def test_the_password_is_in_no_file(stack: RunningStack) -> None:
    files = [path for folder in ("logs", "run", "secrets") for path in (stack.home / folder).rglob("*")]
    assert files
    assert not [
        path for path in files if path.is_file() and stack.operator_password.encode() in path.read_bytes()
    ]


def test_a_second_start_is_told_of_the_first(stack: RunningStack) -> None:
    second = marquee(stack, "up")
    assert second.returncode == 5
    assert f"already runs with its state in {stack.home} (process {stack.pid})" in second.stderr
    assert second.stderr.count("\n") == 1


def test_the_doctor_finds_nothing_wrong(stack: RunningStack) -> None:
    findings = [json.loads(line) for line in marquee(stack, "doctor", "--json").stdout.splitlines()]
    assert {"database", "deployed model", "MLflow"} <= {finding["subject"] for finding in findings}
    wrong = {finding["subject"]: finding["detail"] for finding in findings if not finding["ok"]}
    wrong.pop("front-end", None)  # built by `make`, not by these tests
    assert not wrong


@pytest.mark.parametrize("name", ["Retraining service", "Inference service"])
def test_a_service_that_dies_is_started_again(stack: RunningStack, name: str) -> None:
    pid = recorded_pid(stack, name)
    psutil.Process(pid).kill()
    wait_for(lambda: recorded_pid(stack, name) != pid, 20)
    wait_for(lambda: marquee_is_ready(stack), 60)


def marquee_is_ready(stack: RunningStack) -> bool:
    record = json.loads((stack.home / "run" / "stack.json").read_text())
    try:
        answers = [
            httpx.get(f"{stack.url}/api/v1/health/ready", timeout=5),
            httpx.get(f"{record['retraining_url']}/health/ready", timeout=5),
        ]
    except httpx.TransportError:
        return False
    return all(answer.status_code == 200 for answer in answers)


def test_a_killed_platform_leaves_no_process_and_loses_nothing(
    stack: RunningStack, operator: httpx.Client
) -> None:
    assert operator.put(RATING, json={"rating": 3.0}).status_code in (200, 201)
    versions = operator.get("/api/v1/models").json()
    stack.stop(signal.SIGKILL)
    wait_for(lambda: not list(processes_of(stack.home)), 30)
    orphan = leave_an_orphan(stack.home)
    said_before = len(stack.lines)
    stack.start(within=SECOND_START_SECONDS)
    said = "\n".join(stack.lines[said_before:])
    assert "Ended MLflow, which an earlier start had left running." in said
    assert orphan.wait(10) == -signal.SIGTERM
    assert stack.operator_password not in said
    ratings = operator.get("/api/v1/users/42/ratings", params={"limit": 100}).json()["ratings"]
    assert [each["rating"] for each in ratings if each["item_id"] == "50"] == [3.0]
    assert operator.get("/api/v1/models").json() == versions


def leave_an_orphan(home: Path) -> "subprocess.Popen[bytes]":
    """A child of the last start that still runs, as there is where the kernel does not end it."""
    orphan = subprocess.Popen(["sleep", "600"], cwd=home, start_new_session=True)
    created = psutil.Process(orphan.pid).create_time()
    mark = {"name": "MLflow", "pid": orphan.pid, "created": created, "stop_signal": int(signal.SIGTERM)}
    path = home / "run" / "stack.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "children": [mark]}))
    return orphan


def test_ctrl_c_stops_every_child_in_good_order(stack: RunningStack) -> None:
    assert list(processes_of(stack.home))
    assert stack.stop(signal.SIGINT) == 0
    assert list(processes_of(stack.home)) == []
    assert not (stack.home / "run" / "stack.json").exists()
    assert (
        "database system is shut down" in (stack.home / "logs" / "postgres.log").read_text().splitlines()[-1]
    )
    stack.start(within=SECOND_START_SECONDS)


def test_down_stops_it_from_another_terminal(stack: RunningStack) -> None:
    assert marquee(stack, "down").stdout == "Stopped.\n"
    assert list(processes_of(stack.home)) == []
    assert marquee(stack, "down").stdout == "Nothing ran.\n"
    stack.start(within=SECOND_START_SECONDS)


def test_a_first_start_that_is_interrupted_stops_what_it_had_started(tmp_path: Path) -> None:
    stack = RunningStack.at(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "marquee", "up"], env=stack.env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "Schema, data and model" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert list(processes_of(tmp_path)) == []
