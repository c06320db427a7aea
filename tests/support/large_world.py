"""A catalogue and models large enough that their memory and the time of a swap can be seen."""

from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from marquee.domain.columns import GENRES, ITEM, TITLE, YEAR
from marquee.models import biases, ease, fallback
from marquee.models.bundle import write_bundle
from marquee.models.manifest import Facts
from marquee.models.model_set import ModelSet
from marquee.models.training_set import TrainingSet
from marquee.store import items
from tests.support.world import SNAPSHOT, world_items, world_ratings, world_users


def large_items(n_items: int) -> pd.DataFrame:
    """The world's items, and more of them."""
    numbers = range(20, n_items)
    more = {
        ITEM: [f"m{number:05d}" for number in numbers],
        TITLE: [f"Another Film, No. {number}" for number in numbers],
        YEAR: [1900 + number % 120 for number in numbers],
        GENRES: [["Comedy"] if number % 2 else ["Drama"] for number in numbers],
    }
    return pd.concat([world_items(), pd.DataFrame(more)], ignore_index=True)


def load_large_catalogue(connection: Connection, n_items: int) -> None:
    items.upsert_frame(connection, large_items(n_items))


def write_large_bundle(path: Path, n_items: int, seed: int) -> int:
    """A bundle with weights drawn at random, so that each seed orders the catalogue in its own way.

    Returns:
        The bytes of its arrays.
    """
    training = TrainingSet.from_tables(world_ratings(), large_items(n_items), world_users())
    weights = np.random.default_rng(seed).standard_normal((n_items, n_items), dtype=np.float32)
    np.fill_diagonal(weights, 0)
    models = ModelSet(
        items=training.items,
        rating=biases.train(training),
        ranking=ease.Ease.of_weights(weights),
        fallback=fallback.train(training),
        trained_through=training.trained_through,
    )
    facts = Facts(
        hyperparameters={"ranking": {"seed": seed}},
        seed=seed,
        snapshot_hash=SNAPSHOT,
        n_users=training.n_users,
        n_ratings=len(training),
    )
    write_bundle(path, models, facts)
    return sum(file.stat().st_size for file in path.glob("*.npy"))
