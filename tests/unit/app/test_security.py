"""Callers, sessions and the throttle."""

import itertools
from typing import Any, Literal

import pytest
from app.security.callers import ANONYMOUS, STRANGER, Caller, Level, level_of
from app.security.gate import Gate, require_same_origin
from app.security.keyring import Keyring
from app.security.sessions import COOKIE, Sessions
from app.security.throttle import Throttle, Throttled
from starlette.responses import Response

from marquee.domain.errors import Forbidden, Unauthorized, Unavailable

VIEWER = Caller("viewer", Level.NONE, user_id="u1")


def _cookie(sessions: Sessions, caller: Caller) -> str:
    response = Response()
    sessions.start(response, caller, secure=True)
    return response.headers["set-cookie"].split(";")[0].removeprefix(f"{COOKIE}=")


@pytest.mark.parametrize(
    ("scopes", "level"),
    [
        (("read",), Level.READ),
        (("read", "write"), Level.WRITE),
        (("operate", "read"), Level.OPERATE),
        (("admin",), Level.ADMIN),
        ((), Level.NONE),
    ],
)
def test_the_highest_scope_counts(scopes: tuple[str, ...], level: Level) -> None:
    assert level_of(scopes) is level


def test_a_level_holds_those_below_it() -> None:
    key = Caller("key", Level.WRITE, name="importer")
    key.require(Level.READ)
    key.require_person("anybody", Level.WRITE)
    with pytest.raises(Forbidden, match="operate"):
        key.require(Level.OPERATE)


def test_viewers_may_what_is_their_own() -> None:
    VIEWER.require_person("u1", Level.WRITE)
    with pytest.raises(Forbidden):
        VIEWER.require_person("u2", Level.READ)


def test_somebody_unknown_is_asked_who_they_are() -> None:
    ANONYMOUS.require_browsing()
    with pytest.raises(Unauthorized):
        ANONYMOUS.require_person("u1", Level.READ)
    with pytest.raises(Unauthorized):
        STRANGER.require_browsing()


def test_a_session_is_read_back_by_its_own_key_alone() -> None:
    sessions = Sessions("a key", "open")
    assert sessions.read(_cookie(sessions, VIEWER)) == VIEWER
    assert Sessions("another key", "open").read(_cookie(sessions, VIEWER)) is None


def test_a_viewers_session_ends_when_profiles_are_switched_off() -> None:
    cookie = _cookie(Sessions("a key", "open"), VIEWER)
    assert Sessions("a key", "off").read(cookie) is None


@pytest.mark.parametrize(
    ("hours", "viewer", "operator"), [(1, True, True), (13, True, False), (24 * 31, False, False)]
)
def test_sessions_end(monkeypatch: pytest.MonkeyPatch, hours: int, viewer: bool, operator: bool) -> None:
    sessions = Sessions("a key", "open")
    boss = Caller("operator", Level.ADMIN, name="operator")
    cookies = _cookie(sessions, VIEWER), _cookie(sessions, boss)
    later = sessions._signer.make_signer(sessions._signer.salt).get_timestamp() + hours * 3600  # type: ignore[attr-defined]
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: later)
    assert [sessions.read(cookie) is not None for cookie in cookies] == [viewer, operator]


def _scope(method: str = "POST", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "headers": pairs}


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"origin": "https://marquee.example", "host": "marquee.example"}, True),
        ({"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, True),
        ({"origin": "http://127.0.0.1:8001", "host": "127.0.0.1:8000"}, False),
        ({"origin": "https://marquee.example.evil", "host": "marquee.example"}, False),
        ({"sec_fetch_site": "cross-site", "host": "marquee.example"}, False),
        ({"host": "marquee.example"}, False),
    ],
)
def test_the_origin_must_be_our_own(headers: dict[str, str], allowed: bool) -> None:
    if allowed:
        require_same_origin(_scope(**headers))
        return
    with pytest.raises(Forbidden):
        require_same_origin(_scope(**headers))


def _gate(profile_sign_in: Literal["open", "off"] = "open") -> Gate:
    return Gate(Keyring(), Sessions("a key", profile_sign_in), profile_sign_in)


def test_before_keys_were_read_none_is_called_wrong() -> None:
    with pytest.raises(Unavailable):
        _gate().caller(_scope(authorization="Bearer mq_anything"))


def test_an_unreadable_cookie_is_nobodys() -> None:
    name = "marquee_session"
    for cookie in (name, f"{name}=", f'{name}="x', f"{name}=a;{name}=b"):
        assert _gate().caller(_scope("GET", cookie=cookie)) is ANONYMOUS
    assert _gate("off").caller(_scope("GET")) is STRANGER


def test_failures_are_forgotten_after_a_while() -> None:
    seconds = itertools.count()
    throttle = Throttle(tries=2, seconds=10, clock=lambda: float(next(seconds)))
    throttle.failed("a")  # second 0
    throttle.failed("a")  # 1
    with pytest.raises(Throttled) as refusal:
        throttle.check("a")  # 2: the first failure is forgotten at 10
    assert refusal.value.retry_after == 9
    throttle.check("b")
    for _ in range(7):
        next(seconds)
    throttle.check("a")


def test_success_forgives() -> None:
    throttle = Throttle(tries=1, seconds=10)
    throttle.failed("a")
    throttle.succeeded("a")
    throttle.check("a")


def test_many_addresses_do_not_fill_memory() -> None:
    throttle = Throttle(tries=1, seconds=1000, clock=lambda: 0.0)
    for number in range(10_500):
        throttle.failed(str(number))
    throttle.check("0")
    with pytest.raises(Throttled):
        throttle.check("10499")
