"""What a training says of itself while it runs."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

# Hears a line and the share done, 0 to 1; None: the line is news, the share is as it was.
OnProgress: TypeAlias = Callable[[str, float | None], None]


class Step(NamedTuple):
    """A step of a training: `on_progress(*step)` says that it begins."""

    title: str
    share_done: float  # when it begins; by the clock, on MovieLens 100K


SNAPSHOT = Step("Taking a snapshot of the data", 0.0)
EVALUATE = Step("Evaluating the recipe on the newest ratings", 0.1)
CHAMPION = Step("Evaluating the champion's recipe on the same ratings", 0.35)
BASELINES = Step("Evaluating the baselines on the same ratings", 0.55)
REFIT = Step("Training the recipe on all ratings", 0.65)
PLOTS = Step("Drawing plots", 0.85)
LOG = Step("Writing the run and the model to MLflow", 0.88)
DECIDE = Step("Recording the version", 0.97)
