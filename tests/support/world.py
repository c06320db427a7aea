"""A small world of people and items, in a database and in model bundles."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, TITLE, USER, YEAR
from marquee.models import biases, ease, fallback
from marquee.models.bundle import write_bundle
from marquee.models.interval import StarsInterval
from marquee.models.manifest import Facts
from marquee.models.model_set import ModelSet
from marquee.models.training_set import TrainingSet
from marquee.store import items, ratings, snapshots, users, versions
from tests.support.ratings import checkerboard, liked_only

GENRES_OF = (("Comedy",), ("Drama", "War"))  # of even and of odd items
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SNAPSHOT = "5" * 64


def world_ratings() -> pd.DataFrame:
    """Forty people, twenty items: even people rate even items (Comedy), odd people odd ones (Drama, War).

    Everybody has rated about seven of their ten, with 5 stars.
    """
    return liked_only(checkerboard())


def world_items() -> pd.DataFrame:
    numbers = range(20)
    return pd.DataFrame(
        {
            ITEM: [f"i{number:03d}" for number in numbers],
            TITLE: [f"The Film No. {number}" for number in numbers],
            YEAR: [1980 + number for number in numbers],
            GENRES: [list(GENRES_OF[number % 2]) for number in numbers],
        }
    )


def world_users() -> pd.DataFrame:
    numbers = range(40)
    return pd.DataFrame(
        {
            USER: [f"u{number:03d}" for number in numbers],
            AGE: [20 + number for number in numbers],
            GENDER: ["F" if number % 2 else "M" for number in numbers],
            OCCUPATION: ["artist" if number % 2 else "écrivain" for number in numbers],
        }
    )


def load_world(connection: Connection) -> None:
    """The world, in an empty database that has its tables."""
    items.upsert_frame(connection, world_items())
    users.upsert_frame(connection, world_users())
    ratings.copy_in(connection, world_ratings())
    snapshots.record(
        connection,
        hash=SNAPSHOT,
        ratings=len(world_ratings()),
        users=40,
        items=20,
        first_rated_at=NOW,
        trained_through=NOW,
        taken_at=NOW,
    )


def record_version(connection: Connection, version: int) -> None:
    """A version that may be made the champion."""
    versions.add(
        connection,
        version=version,
        semantic_version=f"1.0.{version}",
        state="approved",
        run_id=f"run-{version}",
        snapshot=SNAPSHOT,
        trained_through=NOW,
        algorithms={"rating": "biases", "ranking": "ease"},
        hyperparameters={"ranking": {"regularization": 10.0}},
        metrics={"known": {"ndcg": 0.5}},
        gates=[],
    )


def write_world_bundle(path: Path, *, without: str | None = None, regularization: float = 10.0) -> None:
    """A bundle trained on the world; `without` leaves out one item, as a model does that is older than it.

    Another `regularization` makes other scores.
    """
    frame = world_ratings()
    frame = frame[frame[ITEM] != without] if without else frame
    catalogue = world_items()
    catalogue = catalogue[catalogue[ITEM] != without].reset_index(drop=True)
    training = TrainingSet.from_tables(frame, catalogue, world_users())
    write_bundle(
        path,
        ModelSet(
            items=training.items,
            rating=biases.train(training),
            ranking=ease.train(training, regularization=regularization, item_features=1.0),
            fallback=fallback.train(training),
            trained_through=training.trained_through,
            interval=StarsInterval.of_errors(-1.0, 0.5, coverage=0.9),
            item_vocabulary=training.item_features.vocabulary,
            user_vocabulary=training.user_features.vocabulary,
        ),
        Facts(
            hyperparameters={"ranking": {"regularization": 10.0}},
            seed=0,
            snapshot_hash=SNAPSHOT,
            n_users=training.n_users,
            n_ratings=len(training),
        ),
    )
