import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from marquee.stack.health import answers, reachable, status_of
from marquee.stack.ports import free_port


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def test_only_200_is_an_answer(server: str) -> None:
    assert answers(f"{server}/200")
    assert not answers(f"{server}/503")
    assert status_of(f"{server}/503") == 503


def test_where_nobody_listens_there_is_no_status() -> None:
    assert status_of(f"http://127.0.0.1:{free_port()}/") is None


def test_a_proxy_for_the_internet_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert answers(f"{server}/200")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104  compared, not bound
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
def test_an_address_to_listen_on_becomes_one_to_ask(host: str, name: str) -> None:
    assert reachable(host) == name
