import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from marquee.stack.health import answers, complaints_of, is_well, reachable, status_of
from marquee.stack.ports import free_port


class _Answer(BaseHTTPRequestHandler):
    """`/503/model,feed`: a service with that status, of which these parts are not well."""

    def do_GET(self) -> None:
        status, _, parts = self.path.strip("/").partition("/")
        self.send_response(int(status))
        self.end_headers()
        ill = {part: {"ok": False, "detail": "away"} for part in parts.split(",") if part}
        checks = {"postgres": {"ok": True, "detail": "answers"}, **ill}
        self.wfile.write(json.dumps({"status": "unready" if ill else "ready", "checks": checks}).encode())

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


def test_a_part_can_be_left_out_of_account(server: str) -> None:
    assert is_well(f"{server}/503/model", besides="model")
    assert is_well(f"{server}/200", besides="model")
    assert not is_well(f"{server}/503/model", besides="feed")
    assert complaints_of(f"{server}/503/model,feed", besides="model") == ["feed: away"]
    assert complaints_of(f"{server}/503/model") == ["model: away"]
    assert not is_well(f"http://127.0.0.1:{free_port()}/", besides="model")


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
