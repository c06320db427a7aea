"""What a person sees while the stack starts: one line a step, with the seconds it took."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.status import Status


class Progress:
    """Steps on a console. On a terminal the step that runs has a spinner; elsewhere there are plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since this was made."""
        return time.monotonic() - self._began

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step: its title while it runs, and when it is done a line with its seconds."""
        began = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"  … {escape(title)}", highlight=False, soft_wrap=True)
        with self._console.status(escape(title)) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None
        self.done(title, time.monotonic() - began)

    def done(self, title: str, seconds: float) -> None:
        """A line for something that is done."""
        self._console.print(
            f"  [green]✓[/green] {escape(title)} [dim]{seconds:.1f} s[/dim]", highlight=False, soft_wrap=True
        )

    def warn(self, message: str) -> None:
        """A line that should not be overlooked."""
        self._console.print(f"[yellow]warning: {escape(message)}[/yellow]", highlight=False, soft_wrap=True)

    def say(self, message: str) -> None:
        """A line within a step, or between two."""
        if self._status is not None:
            self._status.update(escape(message))
        self._console.print(f"    [dim]{escape(message)}[/dim]", highlight=False, soft_wrap=True)
