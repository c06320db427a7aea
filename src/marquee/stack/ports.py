"""TCP ports: free ones, and who holds the others."""

import socket

import psutil

from marquee.domain.errors import PortInUse

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still being closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that no one listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def preferred_port(port: int) -> int:
    """The port itself when it is free, else some free one."""
    return port if is_free(port) else free_port()


def require_free(port: int, setting: str, what: str, host: str = LOOPBACK) -> None:
    """Check that a port is free.

    Raises:
        PortInUse: names the port, what it was for, who holds it where that can be seen, and the setting.
    """
    if is_free(port, host):
        return
    raise PortInUse(
        f"Port {port}, for {what}, is in use{_by_whom(port)}.",
        hint=f"Stop what holds it, or choose another: {setting}={free_port()} make up.",
    )


def _by_whom(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # some systems show this to root alone
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or connection.pid is None or not connection.laddr:
            continue
        if connection.laddr.port == port:
            return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
