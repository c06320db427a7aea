"""The store against a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from marquee.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from marquee.domain.records import Rating
from marquee.store import (
    audit,
    deployment,
    items,
    keys,
    operators,
    ratings,
    runs,
    snapshots,
    users,
    versions,
)
from marquee.store.copying import Loaded
from marquee.store.engine import connect, unavailable_when_away
from marquee.store.leadership import Leadership
from marquee.store.tables import metadata

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NASTY_IDS = [
    *["a/b", "x\ty", "\\N", "\\", "line\nbreak\r", '"quoted"', "it's", " space "],
    *["🎬", "ÅÄÖ", "%2F", ""],
]


def _items(ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"item_id": ids, "title": ids, "year": [None] * len(ids), "genres": [["Drama", "A|B"]] * len(ids)}
    )


def _version(engine: Engine, number: int) -> None:
    with engine.begin() as connection:
        snapshots.record(
            connection,
            hash=f"hash-{number}",
            ratings=1,
            users=1,
            items=1,
            first_rated_at=NOW,
            trained_through=NOW,
            taken_at=NOW,
        )
        versions.add(
            connection,
            version=number,
            semantic_version=f"1.0.{number}",
            state="approved",
            run_id="run",
            snapshot=f"hash-{number}",
            trained_through=NOW,
            algorithms={"rating": "svd"},
            hyperparameters={},
            metrics={},
            gates=[],
        )


def _deploy(engine: Engine, version: int, revision: int) -> deployment.Deployment:
    with engine.begin() as connection:
        return deployment.set_champion(
            connection,
            version,
            expected_revision=revision,
            actor="tester",
            action="promote",
            reason="a test",
            evidence={"small": 1e-7, "large": 1e22, "share": 0.1},
        )


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_migrations_make_the_tables_that_the_code_declares(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_ids_of_any_character_survive_a_bulk_load(engine: Engine) -> None:
    frame = pd.DataFrame(
        {"user_id": NASTY_IDS, "item_id": NASTY_IDS, "rating": 4.5, "timestamp": range(len(NASTY_IDS))}
    )
    with engine.begin() as connection:
        items.upsert_frame(connection, _items(NASTY_IDS))
        users.ensure(connection, NASTY_IDS)
        ratings.copy_in(connection, frame)
        loaded = ratings.load_frame(connection)
        catalogue = items.load_frame(connection)

    assert loaded.to_dict("records") == frame.sort_values("user_id").to_dict("records")
    assert sorted(catalogue["title"]) == sorted(NASTY_IDS)
    assert catalogue["genres"].tolist() == [["Drama", "A|B"]] * len(NASTY_IDS)


def test_a_nul_character_is_refused_by_name(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="NUL"), engine.begin() as connection:
        items.upsert_frame(connection, _items(["a\0b"]))


def test_a_bulk_load_repeated_changes_nothing_and_an_older_rating_never_wins(engine: Engine) -> None:
    def frame(stars: float, at: int) -> pd.DataFrame:
        return pd.DataFrame({"user_id": ["repeat"], "item_id": ["r1"], "rating": [stars], "timestamp": [at]})

    with engine.begin() as connection:
        items.ensure(connection, ["r1"])
        users.ensure(connection, ["repeat"])
        assert ratings.copy_in(connection, frame(3.0, 100)) == Loaded(1, 0, 0)
        assert ratings.copy_in(connection, frame(3.0, 100)) == Loaded(0, 0, 1)
        assert ratings.copy_in(connection, frame(5.0, 50)) == Loaded(0, 0, 1)
        assert ratings.copy_in(connection, frame(4.0, 200)) == Loaded(0, 1, 0)
        assert [item.rating.rating for item in ratings.of_user(connection, "repeat", limit=9)] == [4.0]


def test_a_bulk_load_never_leaves_a_rating_of_an_unknown_item(new_database: Callable[[], str]) -> None:
    engine = connect(new_database(), application_name="tests")
    unknown = pd.DataFrame({"user_id": ["u"], "item_id": ["none"], "rating": [3.0], "timestamp": [1]})
    known = unknown.assign(item_id="there")
    with engine.begin() as connection:
        items.ensure(connection, ["there"])
        users.ensure(connection, ["u"])
    with pytest.raises(IntegrityError), engine.begin() as connection:
        ratings.copy_in(connection, unknown)  # into an empty table
    with engine.begin() as connection:
        assert ratings.copy_in(connection, known) == Loaded(1, 0, 0)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        ratings.copy_in(connection, unknown)  # into one with rows
    with engine.connect() as connection:
        assert ratings.count(connection) == 1
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_put_tells_a_new_rating_from_a_changed_one_and_remove_an_absent_one(engine: Engine) -> None:
    with engine.begin() as connection:
        items.ensure(connection, ["p1"])
        assert ratings.put(connection, Rating("putter", "p1", 4.0, NOW)) is True
        assert ratings.put(connection, Rating("putter", "p1", 2.0, NOW)) is False
        assert ratings.remove(connection, "putter", "p1") is True
        assert ratings.remove(connection, "putter", "p1") is False


def test_pages_of_ratings_cover_everything_once(engine: Engine) -> None:
    ids = [f"page{number}" for number in range(7)]
    with engine.begin() as connection:
        items.ensure(connection, ids)
        for number, item_id in enumerate(ids):  # pairs share a time, so that the item id must break the tie
            ratings.put(connection, Rating("pager", item_id, 3.0, NOW + timedelta(seconds=number // 2)))
        seen: list[str] = []
        after = None
        while page := ratings.of_user(connection, "pager", limit=2, after=after):
            seen += [rated.rating.item_id for rated in page]
            after = (page[-1].rating.rated_at, page[-1].rating.item_id)

    assert seen == sorted(ids, reverse=True)


def test_numbered_ids_are_listed_in_the_order_of_their_numbers(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE users CASCADE"))
        users.ensure(connection, ["10", "9", "100", "1"])
        first = users.list_page(connection, limit=2)
        rest = users.list_page(connection, limit=9, after=first[-1].user.user_id)

    assert [summary.user.user_id for summary in first + rest] == ["1", "9", "10", "100"]


@pytest.mark.parametrize("q", ["amelie", "AMÉL", "mélie"])
def test_search_forgives_case_and_accents(engine: Engine, q: str) -> None:
    with engine.begin() as connection:
        items.upsert_frame(connection, _items(["Amélie", "Alien"]))
        found = items.list_page(connection, limit=5, q=q)

    assert [item.title for item in found] == ["Amélie"]


@pytest.mark.parametrize("q", ["%", "_", "\\"])
def test_search_takes_wildcards_literally(engine: Engine, q: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE items CASCADE"))
        items.upsert_frame(connection, _items(["plain"]))
        assert items.list_page(connection, limit=5, q=q) == []


def test_of_two_promotions_from_one_revision_exactly_one_wins(engine: Engine) -> None:
    _version(engine, 1)
    _version(engine, 2)
    with engine.connect() as connection:
        revision = deployment.get(connection).revision

    assert _deploy(engine, 1, revision).champion == 1
    with pytest.raises(Conflict, match="changed meanwhile"):
        _deploy(engine, 2, revision)

    with engine.connect() as connection:
        assert deployment.get(connection).champion == 1
    after = _deploy(engine, 2, revision + 1)
    assert (after.champion, after.previous) == (2, 1)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit_log SET reason = 'nothing to see' WHERE id = 2",
        "DELETE FROM audit_log WHERE id = 2",
        "UPDATE audit_log SET evidence = '{}' WHERE id = 2",
    ],
)
def test_the_audit_chain_shows_a_changed_or_missing_row(engine: Engine, damage: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE audit_log"))
        for number in range(3):
            evidence = {"x": 1e-9, "y": 1e22}  # numbers that JSONB would write in another way
            audit.append(
                connection, actor="a", action="b", subject=str(number), reason="c", evidence=evidence
            )
        assert audit.first_broken(connection) is None
        connection.execute(text(damage))
        assert audit.first_broken(connection) in (2, 3)


def test_a_key_is_kept_as_a_hash_and_its_name_is_unique(engine: Engine) -> None:
    with engine.begin() as connection:
        key = keys.create(connection, "shop", ["read", "write"])
        (kept,) = keys.list_all(connection)
        assert kept.key_hash == keys.hash_of(key)
        assert key not in repr(kept)
        with pytest.raises(Conflict, match="shop"):
            keys.create(connection, "shop", ["read"])
        with pytest.raises(InvalidInput, match="everything"):
            keys.create(connection, "other", ["everything"])
        assert keys.revoke(connection, "shop") is True
        assert keys.revoke(connection, "shop") is False


def test_a_password_is_verified_and_an_unknown_name_is_not(engine: Engine) -> None:
    with engine.begin() as connection:
        operators.set_password(connection, "operator", "right")
        assert operators.verify(connection, "operator", "right")
        assert not operators.verify(connection, "operator", "wrong")
        assert not operators.verify(connection, "somebody", "right")


def test_a_run_is_taken_once_and_ended_once(engine: Engine) -> None:
    with engine.begin() as connection:
        runs.request(connection, run_id="run-1", kind="training", trigger="manual", requested_by="tester")
        assert runs.start(connection, "run-1") is True
        assert runs.start(connection, "run-1") is False
        assert runs.fail(connection, "run-1", "it died") is True
        assert runs.fail(connection, "run-1", "again") is False
        assert runs.get(connection, "run-1").error == "it died"
        with pytest.raises(NotFound, match="nowhere"):
            runs.get(connection, "nowhere")


def test_there_is_one_leader_and_another_when_its_connection_ends(engine: Engine) -> None:
    first, second = Leadership(engine), Leadership(engine)
    assert first.acquire()
    assert not second.acquire()

    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )

    assert not first.held()
    assert second.acquire()
    second.release()


@pytest.mark.parametrize(
    "statement",
    [
        "SET statement_timeout = 50; SELECT pg_sleep(5)",
        "SET lock_timeout = 50; LOCK TABLE items IN SHARE MODE",
    ],
)
def test_a_statement_that_takes_too_long_is_not_a_database_that_is_away(
    engine: Engine, statement: str
) -> None:
    with engine.connect() as other, engine.connect() as connection:
        other.execute(text("LOCK TABLE items IN ROW EXCLUSIVE MODE"))
        with pytest.raises(Unavailable, match="too busy"), unavailable_when_away():
            connection.execute(text(statement))
        connection.rollback()
        connection.execute(text("RESET statement_timeout; RESET lock_timeout"))


def test_a_lost_connection_is_a_database_that_is_away(engine: Engine) -> None:
    with (
        pytest.raises(Unavailable, match="cannot be reached"),
        unavailable_when_away(),
        engine.connect() as connection,
    ):
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
