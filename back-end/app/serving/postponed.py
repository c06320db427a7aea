"""Parts of something large, whose end is waited for: one import, one reading of all histories."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from marquee.store.changes import MORE, Change

QUIET_SECONDS = 5.0  # without a further part: whoever was at it is gone
LONGEST_SECONDS = 300.0  # since the first part; each time all histories are read again


@dataclass(frozen=True, slots=True)
class _Held:
    part: Change
    first: float
    last: float


class Postponed:
    """Holds back changes that are parts, by kind; times are seconds of any one clock."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}

    def due(self, fresh: Sequence[Change], now: float) -> list[Change]:
        """What is to be applied now: whole changes, and those whose parts have waited long enough."""
        whole = []
        for change in fresh:
            if change.key == MORE and change.kind.endswith("s"):
                first = self._held[change.kind].first if change.kind in self._held else now
                self._held[change.kind] = _Held(change, first, now)
            else:
                whole.append(change)
                if change.key is None:
                    self._held.pop(change.kind, None)
        return [*whole, *self._overdue(now)]

    def _overdue(self, now: float) -> list[Change]:
        late = [
            kind
            for kind, held in self._held.items()
            if now - held.last >= QUIET_SECONDS or now - held.first >= LONGEST_SECONDS
        ]
        return [replace(self._held.pop(kind).part, key=None) for kind in late]
