"""Where commands print tables."""

from rich.console import Console

_ENDLESS = 10_000  # columns; a table takes what it needs of them


def wide_console(*, stderr: bool = False) -> Console:
    """Standard output, or error: as wide as the terminal, else so wide that nothing is wrapped or cut."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(width=_ENDLESS, stderr=stderr)
