"""Which items may stand in lists: visible, not hidden by a rule, passing a request's filters."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from marquee.models.protocol import Float32, Mask
from marquee.recommend.facts import ItemFacts
from marquee.recommend.filters import NO_FILTERS, Filters
from marquee.recommend.listing import barred_of
from marquee.recommend.rules import RowsOfIds, Rules, compile_rules
from marquee.settings.serving import Rule

MOST_KEPT = 32  # filters whose rows are kept: inventing values fills no memory


class Showable:
    """What may be shown of one catalogue while the rules stay as they are.

    Args:
        facts: of its items.
        visible: shape (n_rows,).
        rules: compiled for these rows.
    """

    def __init__(self, facts: ItemFacts, visible: Mask, rules: Rules) -> None:
        self.facts, self.rules = facts, rules
        self._shown = visible.copy()
        if rules.hidden is not None:
            self._shown[rules.hidden] = False
        self.count = int(np.count_nonzero(self._shown))
        self._unfiltered = None if self.count == len(visible) else barred_of(self._shown)
        self._kept: OrderedDict[Filters, Float32] = OrderedDict()
        self._lock = threading.Lock()

    def barred(self, filters: Filters) -> Float32 | None:
        """`Wanted.barred` of what passes; None where everything does, which spares every list a pass."""
        if filters is NO_FILTERS:
            return self._unfiltered
        barred = self._kept.get(filters)
        return self._keep(filters) if barred is None else barred

    def _keep(self, filters: Filters) -> Float32:
        barred = barred_of(self._shown & filters.passing(self.facts))
        with self._lock:
            self._kept[filters] = barred
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return barred


class RuleBook:
    """The rules of one catalogue through time: compiled anew when one of them begins or ends.

    Args:
        rules: of serving.yaml.
        facts, visible: of the catalogue's items.
        rows_of: rows of items by id.
    """

    def __init__(self, rules: Sequence[Rule], facts: ItemFacts, visible: Mask, rows_of: RowsOfIds) -> None:
        self._rules, self._facts, self._visible, self._rows_of = rules, facts, visible, rows_of
        self._showable: Showable | None = None

    def at(self, now: float) -> Showable:
        """What may be shown at a moment, in seconds since 1970."""
        kept = self._showable
        if kept is not None and kept.rules.begins <= now < kept.rules.ends:
            return kept
        rules = compile_rules(self._rules, self._facts, self._rows_of, now)
        self._showable = fresh = Showable(self._facts, self._visible, rules)
        return fresh
