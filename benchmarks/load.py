"""A load generator: a process of its own that asks a server of this machine as fast as it answers.

    python -m benchmarks.load PORT --connections 8 --seconds 3 [--rate 500] < requests.json

Standard input says what to ask for: `{"headers": {…}, "targets": ["/…", …]}`; a target that is to be posted
is `{"target": "/…", "body": {…}}`. One request is under way on each connection, over plain sockets: a client
library would cost more than the server. With a rate, requests fall due at equal distances and their times
count from then, whether or not a connection was free, so that a server which stalls is not asked less.
Prints `{"requests", "seconds", "p50_ms", "p99_ms", "busy"}`; `busy` is the share of the time that the client
itself computed: near 1, the client was measured, not the server.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle

HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_CHUNK = 1 << 20


class UnexpectedAnswer(RuntimeError):
    """A request was not answered with 200, or not at all."""


@dataclass(slots=True)
class Connection:
    """A connection with one request under way."""

    socket: socket.socket
    due_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    length: int | None = None  # of the answer, once its head is there

    def ask(self, request: bytes, due_at: float | None = None) -> None:
        """Send a request; its time counts from when it was due, or from now."""
        self.received.clear()
        self.length = None
        self.due_at = time.perf_counter() if due_at is None else due_at
        self.socket.sendall(request)

    def has_answer(self) -> bool:
        """Read what is there; whether the answer is whole.

        Raises:
            UnexpectedAnswer: its status is not 200, or the server hung up.
        """
        chunk = self.socket.recv(_CHUNK)
        if not chunk:
            raise UnexpectedAnswer("The server closed the connection.")
        self.received += chunk
        if self.length is None:
            self.length = _length(self.received)
        return self.length is not None and len(self.received) >= self.length


def _length(received: bytearray) -> int | None:
    """How many bytes the answer has, its head included; None while that is not there."""
    end = received.find(_END_OF_HEAD)
    if end < 0:
        return None
    if not received.startswith(b"HTTP/1.1 200 "):
        raise UnexpectedAnswer(received.decode(errors="replace"))
    head = received[: end + 2].lower()
    start = head.find(_LENGTH) + len(_LENGTH)
    return end + len(_END_OF_HEAD) + int(head[start : head.find(b"\r\n", start)])


def requests_of(document: dict[str, object], port: int) -> list[bytes]:
    """The bytes of each request."""
    headers, targets = document["headers"], document["targets"]
    if not isinstance(headers, dict) or not isinstance(targets, list):
        raise TypeError("standard input must be {headers: {…}, targets: […]}")
    lines = f"Host: {HOST}:{port}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return [_request(target, lines) for target in targets]


def _request(target: object, lines: str) -> bytes:
    if not isinstance(target, dict):
        return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()
    body = json.dumps(target["body"]).encode()
    head = f"POST {target['target']} HTTP/1.1\r\n{lines}"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def drive(
    port: int, requests: list[bytes], connections: int, seconds: float, rate: float | None = None
) -> dict[str, float]:
    """Ask until the time is over: as fast as answers come, or at a rate, in requests a second."""
    selector = selectors.DefaultSelector()
    idle = list(_connections(port, connections))
    for connection in idle:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    upcoming, waits = cycle(requests), list[float]()
    began, computed = time.perf_counter(), time.process_time()
    due = _dues(began, rate)
    next_due = next(due)
    while (now := time.perf_counter()) < began + seconds:
        while idle and next_due <= now:
            idle.pop().ask(next(upcoming), None if rate is None else next_due)
            next_due = next(due)
        for key, _ in selector.select(timeout=max(0.0, min(next_due - now, 1.0)) if idle else 1.0):
            connection = key.data
            if connection.has_answer():
                waits.append(time.perf_counter() - connection.due_at)
                idle.append(connection)
    elapsed = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return _summary(waits, elapsed, time.process_time() - computed)


def _dues(began: float, rate: float | None) -> Iterator[float]:
    """When each request falls due; without a rate, at once."""
    return (began if rate is None else began + number / rate for number in count())


def _connections(port: int, number: int) -> Iterator[Connection]:
    for _ in range(number):
        opened = socket.create_connection((HOST, port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Connection(opened)


def _summary(waits: list[float], elapsed: float, computed: float) -> dict[str, float]:
    if not waits:
        raise UnexpectedAnswer("Nothing was answered.")
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
    parser.add_argument("--rate", type=float, help="requests a second; default: as many as are answered")
    arguments = parser.parse_args()
    requests = requests_of(json.load(sys.stdin), arguments.port)
    figures = drive(arguments.port, requests, arguments.connections, arguments.seconds, arguments.rate)
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
