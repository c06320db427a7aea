"""How the server treats connections: slow ones are not waited for without end, nor too many taken."""

import asyncio
import logging
import resource
from typing import Any

from uuid_utils import uuid7
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.problems import problem

logger = logging.getLogger("marquee.app")

HEAD_SECONDS = (
    10.0  # in which the head of a request must have arrived, from its first byte or the connection on
)
FIRST_REQUEST_SECONDS = 1.0  # in which a connection made just before the end must have begun with one
READING_SECONDS = 30.0  # in which a client must take some of the answer
HEAD_BYTES = 262_144
_LONGEST_URL = 65_535  # that the parser can split
_LONGEST_INSTANCE = 200
QUEUED = "queued"  # in a request's state: how many requests this worker had when it came, itself included
_FILES_KEPT_FREE = 256  # of those that a process may open: for the database, models, logs
_MOST_CONNECTIONS = 10_000
_CONTINUE = b"HTTP/1.1 100 "
_JOINED_BYTES = 65_536  # of a body: to copy a larger one costs more than another system call


class Protocol(HttpToolsProtocol):
    """Uvicorn's, which has neither a limit on the time that a head takes, nor one on connections that rest.

    A client that half-closes its side after a whole request gets its answer, and so does one that had just
    connected when the worker was told to end.
    """

    most_connections = _MOST_CONNECTIONS
    head_seconds = HEAD_SECONDS
    reading_seconds = READING_SECONDS

    def __init__(self, *arguments: Any, **facts: Any) -> None:
        super().__init__(*arguments, **facts)
        self.url = b""
        self._in_head = True
        self._is_ending = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)
        if len(self.connections) > self.most_connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, "head-too-large", f"The head of a request may have {HEAD_BYTES:,} bytes.")
        if self._in_head != (self._head_timer is not None):
            self._set_head_timer()

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.scope["state"][QUEUED] = len(self.tasks) + 1
        super().on_headers_complete()
        if self._is_ending:
            self.cycle.keep_alive = False
        if self.scope["method"] != "HEAD":
            self.cycle.transport = HeadWithBody(self.transport)  # type: ignore[assignment]  # as far as it is used

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn closes at once
        """Keep the connection open while a request that came whole is being answered."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return None
        self.cycle.keep_alive = False
        return True

    def shutdown(self) -> None:
        if self.cycle is not None:
            super().shutdown()
            return
        self._is_ending = True
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._end_at_rest)

    def _end_at_rest(self) -> None:
        if self.rests:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_head = False
        self._set_head_timer()
        self.resume_writing()  # stops its timer
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read, so that what is written waits: not for ever."""
        super().pause_writing()
        self._reading_timer = self.loop.call_later(self.reading_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def timeout_keep_alive_handler(self) -> None:
        """Unlike Uvicorn, drop what a client has not read by now: it could be waited for without end."""
        self.transport.abort()

    @property
    def rests(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def _set_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if self._in_head:
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.scope is not None and self.rests:
            self._refuse(408, "request-timeout", "The head of the request did not arrive in time.")
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """Unlike Uvicorn, answer what is no HTTP with a problem document."""
        if len(self.url) > _LONGEST_URL:
            self._refuse(414, "uri-too-long", f"The address of a request may have {_LONGEST_URL:,} bytes.")
        else:
            self._refuse(400, "malformed-request", "This is not a request as HTTP/1.1 has them.")

    def _refuse(self, status: int, slug: str, detail: str) -> None:
        """Answer a request that no application is to see, and close; nothing, where another is under way."""
        if self.rests and not self.transport.is_closing():
            instance = self.url.decode("latin-1").partition("?")[0][:_LONGEST_INSTANCE]
            scope = {"path": instance, "state": {"request_id": str(uuid7())}}
            title = slug.replace("-", " ").capitalize()
            answer = problem(scope, status, slug, title, detail, headers={"Connection": "close"})
            head = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
            self.transport.write(STATUS_LINE[status] + head + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _make_room(self) -> None:
        """Close a connection that rests; where none does, the new one."""
        others = (other for other in self.connections if other is not self and isinstance(other, Protocol))
        resting = next((other for other in others if other.rests), self)
        logger.warning("There are more than %d connections; one is closed.", self.most_connections)
        resting.transport.abort()


class HeadWithBody:
    """The transport of one answer, whose head waits for the beginning of the body, to go out with it.

    Uvicorn writes them one after the other: a system call more, and a client that wakes for a head alone.
    """

    __slots__ = ("_head", "_transport", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing
        self.write = self._first

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def _first(self, data: bytes) -> None:
        if data.startswith(_CONTINUE):  # the client waits for it before it sends its body
            self._transport.write(data)
        else:
            self._head, self.write = data, self._second

    def _second(self, data: bytes) -> None:
        if len(data) <= _JOINED_BYTES:
            self._transport.write(self._head + data)
        else:
            self._transport.writelines((self._head, data))
        self._head, self.write = b"", self._transport.write


def allow_many_connections() -> None:
    """Let this process open as many files as it may, and keep some free for other things than connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _FILES_KEPT_FREE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft != resource.RLIM_INFINITY:
        Protocol.most_connections = max(16, min(_MOST_CONNECTIONS, soft - _FILES_KEPT_FREE))
