"""Small data sets whose right answers are plain."""

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER


def frame_of(*rows: tuple[str, str, float, int]) -> pd.DataFrame:
    """A ratings frame from (user, item, stars, time) tuples."""
    frame = pd.DataFrame(list(rows), columns=[USER, ITEM, RATING, TIME])
    return frame.astype({RATING: np.float64, TIME: np.int64})


def checkerboard(
    n_users: int = 40, n_items: int = 20, *, left_out: float = 0.3, seed: int = 7
) -> pd.DataFrame:
    """Even users give even items 5 stars and odd items 1; odd users the other way round.

    A share of the pairs is left out at random: a model that has understood knows what they would be.
    """
    random = np.random.default_rng(seed)
    users, items = (table.ravel() for table in np.meshgrid(np.arange(n_users), np.arange(n_items)))
    kept = random.random(len(users)) >= left_out
    stars = np.where((users + items) % 2 == 0, 5.0, 1.0)
    times = 1_000_000 + random.permutation(len(users))
    frame = pd.DataFrame({USER: _names("u", users), ITEM: _names("i", items), RATING: stars, TIME: times})
    return frame[kept].reset_index(drop=True)


def liked_only(frame: pd.DataFrame) -> pd.DataFrame:
    """The ratings of 5 stars: what a model sees that looks at who rated what, whatever the stars."""
    return frame[frame[RATING] == 5.0].reset_index(drop=True)


def undescribed(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The items and the people of a ratings frame, of which no more is known than their ids."""
    items, users = (pd.DataFrame({name: sorted(frame[name].unique())}) for name in (ITEM, USER))
    return items, users


def _names(prefix: str, numbers: np.ndarray) -> list[str]:
    return [f"{prefix}{number:03d}" for number in numbers.tolist()]
