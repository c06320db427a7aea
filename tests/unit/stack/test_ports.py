import os
import socket

import pytest

from marquee.domain.errors import PortInUse
from marquee.stack.ports import free_port, is_free, preferred_port, require_free


@pytest.fixture
def held_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_is_listened_on_is_not_free(held_port: int) -> None:
    assert not is_free(held_port)


def test_a_free_port_is_free() -> None:
    assert is_free(free_port())


def test_a_preferred_port_gives_way_when_it_is_held(held_port: int) -> None:
    assert preferred_port(held_port) != held_port


def test_a_preferred_port_is_kept_when_it_is_free() -> None:
    port = free_port()
    assert preferred_port(port) == port


def test_the_error_names_the_port_its_use_its_holder_and_the_setting(held_port: int) -> None:
    with pytest.raises(PortInUse) as caught:
        require_free(held_port, "MARQUEE_PORT", "the web pages")
    said = str(caught.value)
    assert f"Port {held_port}, for the web pages, is in use" in said
    assert f"(process {os.getpid()})" in said
    assert "MARQUEE_PORT=" in said
    assert "\n" not in said
