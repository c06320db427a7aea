"""How long work tells whoever waits how far it is."""

from typing import Protocol


class OnProgress(Protocol):
    """Called with the step's name, how much is done and, when it is known, how much there is."""

    def __call__(self, step: str, done: int, total: int | None, /) -> None: ...


def unheard(step: str, done: int, total: int | None, /) -> None:
    """Nobody is waiting."""
