"""The load generator counts whole answers, and nothing but 200s."""

import socket

import pytest

from benchmarks.load import Connection, UnexpectedAnswer, requests_of

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


def test_requests_carry_their_headers() -> None:
    (request,) = requests_of({"headers": {"Authorization": "Bearer x"}, "targets": ["/a?n=1"]}, 8000)
    assert request == b"GET /a?n=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAuthorization: Bearer x\r\n\r\n"


def test_an_answer_may_come_in_pieces() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection(ours)
        for cut in (ANSWER[:20], ANSWER[20:-2]):
            theirs.sendall(cut)
            assert not connection.has_answer()
        theirs.sendall(ANSWER[-2:])
        assert connection.has_answer()


def test_another_status_is_no_answer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(ANSWER.replace(b"200 OK", b"503 No"))
        with pytest.raises(UnexpectedAnswer, match="503"):
            Connection(ours).has_answer()


def test_a_closed_connection_is_no_answer() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(UnexpectedAnswer, match="closed"):
            Connection(ours).has_answer()
