"""A load generator: a process of its own that asks a server of this machine as fast as it answers.

    python -m benchmarks.load PORT --connections 8 --seconds 3 < requests.json

Standard input says what to ask for: `{"headers": {…}, "targets": ["/…", …]}`. One request is under way on
each connection, over plain sockets: a client library would cost more than the server. Prints `{"requests",
"seconds", "p50_ms", "p99_ms", "busy"}`; `busy` is the share of the time that the client itself computed:
near 1, the client was measured, not the server.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


class UnexpectedAnswer(RuntimeError):
    """A request was not answered with 200."""


@dataclass(slots=True)
class Connection:
    """A connection with one request under way."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def ask(self, request: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        """Read what is there; whether the answer is whole.

        Raises:
            UnexpectedAnswer: its status is not 200, or the server hung up.
        """
        chunk = self.socket.recv(65536)
        if not chunk:
            raise UnexpectedAnswer("The server closed the connection.")
        self.received += chunk
        end = self.received.find(_END_OF_HEAD)
        if end < 0:
            return False
        if not self.received.startswith(b"HTTP/1.1 200 "):
            raise UnexpectedAnswer(self.received.decode(errors="replace"))
        return len(self.received) >= end + len(_END_OF_HEAD) + _content_length(self.received, end)


def _content_length(received: bytearray, end: int) -> int:
    start = received.lower().find(_LENGTH, 0, end) + len(_LENGTH)
    return int(received[start : received.find(b"\r\n", start, end + 2)])


def requests_of(document: dict[str, object], port: int) -> list[bytes]:
    """The bytes of each request."""
    headers, targets = document["headers"], document["targets"]
    if not isinstance(headers, dict) or not isinstance(targets, list):
        raise TypeError("standard input must be {headers: {…}, targets: […]}")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return [f"GET {target} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{lines}\r\n".encode() for target in targets]


def drive(port: int, requests: list[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Ask until the time is over."""
    upcoming = cycle(requests)
    selector = selectors.DefaultSelector()
    for connection in _connections(port, connections):
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(next(upcoming))
    waits: list[float] = []
    began, computed = time.perf_counter(), time.process_time()
    deadline = began + seconds
    while time.perf_counter() < deadline:
        for key, _ in selector.select(timeout=1.0):
            connection = key.data
            if connection.has_answer():
                waits.append(time.perf_counter() - connection.sent_at)
                connection.ask(next(upcoming))
    elapsed = time.perf_counter() - began
    return _summary(waits, elapsed, time.process_time() - computed)


def _connections(port: int, count: int) -> Iterator[Connection]:
    for _ in range(count):
        opened = socket.create_connection((HOST, port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Connection(opened)


def _summary(waits: list[float], elapsed: float, computed: float) -> dict[str, float]:
    waits.sort()
    return {
        "requests": len(waits),
        "seconds": elapsed,
        "p50_ms": waits[len(waits) // 2] * 1e3,
        "p99_ms": waits[int(len(waits) * 0.99)] * 1e3,
        "busy": computed / elapsed,
    }


def main() -> None:
    """Read the requests, send them, print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    requests = requests_of(json.load(sys.stdin), arguments.port)
    json.dump(drive(arguments.port, requests, arguments.connections, arguments.seconds), sys.stdout)


if __name__ == "__main__":
    main()
