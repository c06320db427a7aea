"""Where commands print tables."""

from rich.console import Console

_ENDLESS = 10_000  # columns; a table takes what it needs of them


def wide_console() -> Console:
    """Standard output: as wide as the terminal, and elsewhere wide enough that nothing is wrapped or cut."""
    console = Console()
    return console if console.is_terminal else Console(width=_ENDLESS)
