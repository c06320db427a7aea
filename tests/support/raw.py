"""A connection without an HTTP client: what is sent, and when, is the test's to say."""

import socket
from typing import Self

import httpx

from tests.support.service import Service


class Raw:
    """One TCP connection to a service, as a context manager.

    Attributes:
        address: of the service.
        socket: the connection.
    """

    def __init__(self, service: Service, *, timeout: float = 30) -> None:
        where = httpx.URL(service.url)
        self.address = (where.host, where.port or 80)
        self.socket = socket.create_connection(self.address, timeout=timeout)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def get(self, path: str, key: str | None = None) -> None:
        """Send a whole request; the answer is read with `answer`."""
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
        self.send((head + (f"Authorization: Bearer {key}\r\n" if key else "") + "\r\n").encode())

    def answer(self) -> httpx.Response:
        """The next answer, of which the head says the length.

        Raises:
            ConnectionError: the connection ended before.
        """
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = httpx.Headers(
            [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        )
        length = int(headers.get("content-length", 0))
        while len(self._rest) < length:
            self._read()
        content, self._rest = self._rest[:length], self._rest[length:]
        return httpx.Response(int(status.split()[1]), headers=headers, content=content)

    def ends(self) -> bool:
        """Whether the server closes the connection without another word; waits for it."""
        try:
            return not self._rest and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _read(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError(f"The connection ended after {self._rest!r}.")
        self._rest += more
