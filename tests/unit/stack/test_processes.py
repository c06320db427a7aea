import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from marquee.domain.errors import Unavailable
from marquee.stack import processes
from marquee.stack.processes import Child, ChildSpec, bound_log, describe_status, tail

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True); time.sleep(60)"
)
# Starts a process of its own, says its number, and goes on.
PARENT = (
    "import subprocess, sys, time\n"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)\n"
    "time.sleep(60)"
)


@pytest.fixture
def child(tmp_path: Path):
    started: list[Child] = []

    def make(program: str, **options: object) -> Child:
        log = tmp_path / "child.log"
        values = {"is_ready": lambda: "up" in log.read_text(), **options}
        made = Child(ChildSpec(name="Thing", command=(sys.executable, "-c", program), log=log, **values))
        started.append(made)
        made.start()
        return made

    yield make
    for each in started:
        each.stop(is_hurried=lambda: True)


Make = Callable[..., Child]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_runs_in_a_session_of_its_own_until_it_is_stopped(child: Make) -> None:
    running = child("import os, time; print(os.getsid(0), 'up', flush=True); time.sleep(60)")
    running.wait_ready()
    assert running.spec.log.read_text() == f"{running.pid} up\n"
    assert running.exit_status() is None
    running.stop()
    assert running.exit_status() == -signal.SIGTERM
    assert not psutil.pid_exists(running.pid)


def test_a_child_that_ends_is_told_with_its_last_words(child: Make) -> None:
    dying = child("import sys; sys.exit('no room for me')")
    with pytest.raises(Unavailable, match=r"Thing ended with exit status 1\.(.|\n)*no room for me"):
        dying.wait_ready()


def test_the_last_words_are_of_this_run_of_the_child_alone(child: Make, tmp_path: Path) -> None:
    (tmp_path / "child.log").write_text("of an earlier run\n")
    dying = child("import sys; sys.exit('of this run')")
    with pytest.raises(Unavailable, match="of this run") as caught:
        dying.wait_ready()
    assert "earlier" not in str(caught.value)


def test_a_child_that_is_not_ready_in_time_is_told(child: Make) -> None:
    slow = child("import time; time.sleep(60)", start_seconds=0.2)
    with pytest.raises(Unavailable, match=r"Thing was not ready within 0 s"):
        slow.wait_ready()


def test_a_child_that_does_not_listen_is_killed(child: Make) -> None:
    stubborn = child(STUBBORN, stop_seconds=0.3)
    stubborn.wait_ready()
    stubborn.stop()
    assert stubborn.exit_status() == -signal.SIGKILL


def test_hurry_cuts_the_patience_short(child: Make) -> None:
    stubborn = child(STUBBORN, stop_seconds=60)
    stubborn.wait_ready()
    began = time.monotonic()
    stubborn.stop(is_hurried=lambda: True)
    assert time.monotonic() - began < 5


def test_what_a_child_started_ends_with_it(child: Make) -> None:
    parent = child(PARENT)
    wait_for(lambda: bool(parent.spec.log.read_text().strip()))
    grandchild = int(parent.spec.log.read_text())
    parent.stop()
    wait_for(lambda: not _runs(grandchild))


def test_a_child_dies_with_its_parent_however_that_dies(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Child(
        ChildSpec(
            name="Supervisor",
            command=(
                sys.executable,
                "-c",
                "import pathlib, sys, time\n"
                "from marquee.stack.processes import Child, ChildSpec\n"
                "spec = ChildSpec('Child', ('sleep', '60'), pathlib.Path('/dev/null'), lambda: True)\n"
                "child = Child(spec)\n"
                "child.start(); print(child.pid, flush=True); time.sleep(60)",
            ),
            log=log,
            is_ready=lambda: bool(log.read_text().strip()),
        )
    )
    supervisor.start()
    supervisor.wait_ready()
    child_pid = int(log.read_text())
    wait_for(lambda: psutil.Process(child_pid).name() == "sleep")
    psutil.Process(supervisor.pid).kill()
    wait_for(lambda: not _runs(child_pid))
    supervisor.stop()


@pytest.mark.parametrize(("status", "said"), [(3, "exit status 3"), (-9, "signal SIGKILL")])
def test_a_status_is_put_in_words(status: int, said: str) -> None:
    assert describe_status(status) == said


def test_a_log_that_has_grown_too_large_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    log = tmp_path / "a.log"
    with log.open("a") as writer:
        writer.write("0123456789")
        writer.flush()
        bound_log(log)
        assert log.read_text() == "0123456789"
        writer.write("!")
        writer.flush()
        bound_log(log)
        writer.write("on")
    assert log.read_text() == "on"
    assert (tmp_path / "a.log.1").read_text() == "0123456789!"


def test_the_tail_is_the_last_lines_even_of_what_is_not_text(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"\xff\n" + b"".join(b"line %d\n" % n for n in range(100)))
    assert tail(log).splitlines()[-1] == "    line 99"
    assert len(tail(log).splitlines()) == 15


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
