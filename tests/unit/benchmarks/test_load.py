"""The load generator counts whole answers, and nothing but 200s."""

import json
import socket
import threading
import time

import pytest

from benchmarks.load import Connection, UnexpectedAnswer, drive, requests_of

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


def test_a_target_with_a_body_is_posted() -> None:
    (request,) = requests_of({"headers": {}, "targets": [{"target": "/b", "body": {"n": 1}}]}, 8000)
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /b HTTP/1.1\r\n")
    assert b"Content-Length: 8" in head
    assert json.loads(body) == {"n": 1}


def test_at_a_rate_a_stall_counts_for_every_request_that_fell_due_meanwhile() -> None:
    """One request in a hundredth of a second; the server sleeps 0.3 s before its first answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        opened, _ = listener.accept()
        with opened:
            time.sleep(0.3)
            while opened.recv(65536):
                opened.sendall(ANSWER)

    server = threading.Thread(target=serve)
    server.start()
    port = listener.getsockname()[1]
    with listener:
        figures = drive(port, requests_of({"headers": {}, "targets": ["/"]}, port), 1, 0.5, rate=100)
    server.join()
    assert 30 < figures["requests"] <= 50  # asked again and again until it had caught up
    # 30 of 50 fell due during the sleep and waited for the rest of it, the 25th fastest some 50 ms.
    assert figures["p50_ms"] > 20
