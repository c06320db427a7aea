"""Who is found, made and locked for an import's rows, while others come and go."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, text

from marquee.data.imports.named import Names, name_all
from marquee.domain.errors import Conflict
from marquee.store import imports, personal_data

NASTY = ["a,b", 'quo"ted', "back\\slash", "{brace}", "NULL", " space ", "🎬", "line\nbreak", "''"]


def test_every_id_is_found_as_it_is_written(engine: Engine) -> None:
    users, items = pa.array(NASTY), pa.array(NASTY[::-1])
    names = Names.of(users, items)
    with engine.begin() as connection:
        made = name_all(connection, names, create_items=True)
    assert (sorted(made.made_users), sorted(made.made_items)) == (sorted(NASTY), sorted(NASTY))
    with engine.begin() as connection:
        again = name_all(connection, names, create_items=True)
    assert (again.made_users, again.made_items, again.known.all()) == ([], [], True)


def test_only_people_of_rows_whose_item_is_known_are_made(engine: Engine) -> None:
    with engine.begin() as connection:
        imports.make(connection, "items", ["there"])
        named = name_all(
            connection,
            Names.of(pa.array(["ann", "bob", "ann"]), pa.array(["there", "not", "not"])),
            create_items=False,
        )
    np.testing.assert_array_equal(named.known, [True, False, False])
    assert named.made_users == ["ann"]


def test_somebody_erased_between_being_made_and_being_locked_is_a_conflict_that_passes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another import makes them first, and they are erased before this one can hold them."""
    names, make = Names.of(pa.array(["eve"]), pa.array(["apple"])), imports.make

    def crossed(connection: Connection, table: imports.Table, ids: Collection[str]) -> list[str]:
        if table == "items":
            return make(connection, table, ids)
        with engine.begin() as other:
            make(other, table, ids)
        made = make(connection, table, ids)
        assert made == []
        with engine.begin() as other:
            assert personal_data.erase(other, "eve")
        return made

    with monkeypatch.context() as patched, engine.connect() as connection:
        patched.setattr(imports, "make", crossed)
        with pytest.raises(Conflict):
            name_all(connection, names, create_items=True)
    with engine.begin() as connection:
        assert connection.scalars(text("SELECT item_id FROM items WHERE item_id = 'apple'")).all() == []
        named = name_all(connection, names, create_items=True)
        assert (named.made_users, named.made_items) == (["eve"], ["apple"])


def test_who_is_locked_cannot_be_erased_until_the_import_is_done(engine: Engine) -> None:
    names = Names.of(pa.array(["eve"]), pa.array(["apple"]))
    with engine.begin() as connection:
        name_all(connection, names, create_items=True)
    with engine.begin() as connection:
        name_all(connection, names, create_items=True)
        with engine.connect() as other:
            other.execute(text("SET lock_timeout = '200ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                personal_data.erase(other, "eve")
    with engine.begin() as other:
        assert personal_data.erase(other, "eve")
