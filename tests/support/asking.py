"""A process of its own that asks for lists, steadily, and checks each against what its version would say.

    python -m tests.support.asking < plan.json

Standard input is one line, `{"port", "headers", "targets", "expected": {version: {target: [item ids]}},
"pause"}`. It asks until standard input ends, and prints `{"answers": [[sent, seconds, version], …],
"failures": […]}`; `sent` is of `time.monotonic()`, which processes share.
"""

import json
import selectors
import socket
import sys
import time
from itertools import cycle
from typing import Any

from benchmarks.load import HOST, Connection, UnexpectedAnswer, requests_of

CONNECTIONS = 4


class Asker:
    """Clients with one request under way each, which rest for `pause` seconds between two."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        targets = plan["targets"]
        self._upcoming = cycle(zip(targets, requests_of(plan, plan["port"]), strict=True))
        self._asked: dict[int, tuple[str, float]] = {}  # by connection: what, and when
        self.answers: list[tuple[float, float, int]] = []
        self.failures: list[str] = []

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin, selectors.EVENT_READ)
            resting = [(0.0, Connection(self._connect())) for _ in range(CONNECTIONS)]
            while True:
                for key, _ in selector.select(timeout=self._plan["pause"] / 4):
                    if key.fileobj is sys.stdin:
                        return
                    if self._is_answered(key.data):
                        selector.unregister(key.data.socket)
                        resting.append((time.monotonic() + self._plan["pause"], key.data))
                now = time.monotonic()
                for _, connection in (due := [entry for entry in resting if entry[0] <= now]):
                    self._ask(connection)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                resting = [entry for entry in resting if entry not in due]

    def _connect(self) -> socket.socket:
        return socket.create_connection((HOST, self._plan["port"]), timeout=10)

    def _ask(self, connection: Connection) -> None:
        target, request = next(self._upcoming)
        self._asked[id(connection)] = target, time.monotonic()
        connection.ask(request)

    def _is_answered(self, connection: Connection) -> bool:
        try:
            if not connection.has_answer():
                return False
        except (UnexpectedAnswer, OSError) as error:
            self.failures.append(str(error))
            connection.socket = self._connect()
            return True
        target, sent = self._asked[id(connection)]
        seconds = time.monotonic() - sent
        body = json.loads(connection.received.partition(b"\r\n\r\n")[2])
        version = body["model_version"]
        self.answers.append((sent, seconds, version))
        ids = [item["item_id"] for item in body["items"]]
        if ids != self._plan["expected"].get(str(version), {}).get(target):
            self.failures.append(f"version {version} would not list {ids} for {target}")
        return True


def main() -> None:
    asker = Asker(json.loads(sys.stdin.readline()))
    asker.run()
    json.dump({"answers": asker.answers, "failures": asker.failures}, sys.stdout)


if __name__ == "__main__":
    main()
