"""How soon the last worker has gone back, measured by what the workers report and by what they answer."""

import sys
import time

import pytest

from marquee.lifecycle.promotion import rollback
from tests.integration.api.conftest import NewService
from tests.support.service import Service
from tests.support.trials import follow, in_memory

WITHIN = 5.0  # seconds


def _seconds_until(service: Service, champion: int) -> tuple[float, float]:
    """Until every worker reports a champion, and until every worker answers with it."""
    began = time.monotonic()
    while {worker["champion"] for worker in in_memory(service)} != {champion}:
        assert time.monotonic() - began < 4 * WITHIN
        time.sleep(0.01)
    reported = time.monotonic() - began
    while not service.serves(champion):
        assert time.monotonic() - began < 4 * WITHIN
    return reported, time.monotonic() - began


def test_a_rollback_reaches_the_last_worker_within_five_seconds(
    new_service: NewService, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the previous champion, which is in memory; then to an approved version that is on disk alone."""
    service = new_service(MARQUEE_WORKERS="2")
    for version in (1, 2, 3):
        service.deploy(version)
        follow(service, champion=version, problem=None)
    assert len(in_memory(service)) == 2
    for name, to, target in (("previous", None, 2), ("any approved version", 1, 1)):
        rollback(service.engine, actor="test", reason="a test", to=to)
        reported, served = _seconds_until(service, target)
        with capsys.disabled():
            sys.stdout.write(f"\nTo {name}: reported after {reported:.2f} s, served {served:.2f} s.\n")
        assert served < WITHIN
