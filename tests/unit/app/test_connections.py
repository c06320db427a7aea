"""An answer's head and body go out together, whatever the answer is."""

import asyncio
from collections.abc import Iterable

from app.connections import HeadWithBody

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
LARGE = b"x" * 100_000


class Wire(asyncio.Transport):
    """What would go to the socket, a piece a system call."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.sent.append(b"".join(map(bytes, list_of_data)))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True


def _sent(*pieces: bytes) -> list[bytes]:
    wire = Wire()
    answer = HeadWithBody(wire)
    for piece in pieces:
        answer.write(piece)
    return wire.sent


def test_a_head_goes_out_with_the_body_and_further_pieces_by_themselves() -> None:
    assert _sent(HEAD) == []
    assert _sent(HEAD, b"body") == [HEAD + b"body"]
    assert _sent(HEAD, LARGE) == [HEAD + LARGE]
    assert _sent(HEAD, b"one", b"two", b"three") == [HEAD + b"one", b"two", b"three"]


def test_an_answer_without_a_body_is_its_head() -> None:
    assert _sent(HEAD, b"") == [HEAD]


def test_a_client_that_asks_whether_to_go_on_is_told_at_once() -> None:
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert _sent(go_on) == [go_on]
    assert _sent(go_on, HEAD, b"body") == [go_on, HEAD + b"body"]


def test_a_head_whose_body_never_came_goes_out_before_the_end() -> None:
    wire = Wire()
    answer = HeadWithBody(wire)
    answer.write(HEAD)
    assert not answer.is_closing()
    answer.close()
    assert wire.sent == [HEAD]
    assert answer.is_closing()
