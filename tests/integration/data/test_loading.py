"""Loading into a real PostgreSQL: all good rows, or nothing."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from marquee.data.layout import Columns
from marquee.data.loading import LoadOptions, LoadReport, TableReport, load
from marquee.data.validation import REJECTED_ITEM, UNKNOWN_ITEM
from marquee.domain import ids
from marquee.domain.errors import DataError
from marquee.domain.records import Item, User
from marquee.store import items, ratings, users
from marquee.store.engine import connect
from tests.support.data_files import NOW, SCALE, ml_100k, write

HEADER = "user_id,item_id,rating,timestamp\n"
NASTY_IDS = [
    "a/b",
    "\\N",
    "\\",
    '"quoted"',
    "it's",
    "two words",
    "🎬",
    "%2F",
    "a,b",
]
UNSEEN_IDS = ["x\ty", "line\nbreak\r", " space ", "a\u2028b", "\x01", "\u202e"]


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    """An empty platform for each test."""
    engine = connect(new_database(), application_name="tests")
    yield engine
    engine.dispose()


def put(engine: Engine, path: Path | None, **options: object) -> LoadReport:
    """Load with a fixed clock; the rejects go beside the file."""
    rejects = (path or Path()).parent / "rejected.csv"
    return load(
        engine, path, scale=SCALE, options=LoadOptions(**options), rejects_path=rejects, clock=lambda: NOW
    )


def stored(engine: Engine) -> list[tuple[str, str, float, int]]:
    with engine.connect() as connection:
        frame = ratings.load_frame(connection)
    return list(frame.itertuples(index=False, name=None))


def feed(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT kind FROM changes ORDER BY id")))


def test_movielens_is_loaded_with_its_catalogue_and_its_people(engine: Engine, tmp_path: Path) -> None:
    report = put(engine, ml_100k(tmp_path / "ml-100k"))
    assert report.dataset == "ml-100k"
    assert report.ratings == TableReport(rows=3, inserted=3)
    assert report.items == TableReport(rows=3, inserted=3)
    assert report.users == TableReport(rows=2, inserted=2)
    assert (report.rejected, report.rejects, report.untimed) == (0, None, False)
    assert stored(engine) == [
        ("7", "1", 4.0, 881250949),
        ("7", "2", 3.0, 881250950),
        ("8", "1", 5.0, 881250951),
    ]
    with engine.connect() as connection:
        toy = items.get(connection, "1")
        person = users.get(connection, "7")
    assert toy == Item(
        "1",
        "Toy Story",
        1995,
        ("Animation", "Children's", "Comedy"),
        {"release_date": "01-Jan-1995", "imdb_url": "http://us.imdb.com/x"},
    )
    assert person is not None
    assert (person.user, person.rating_count) == (User("7", 24, "M", "technician"), 2)


def test_a_load_is_told_to_the_workers_once_a_table(engine: Engine, tmp_path: Path) -> None:
    put(engine, ml_100k(tmp_path / "ml-100k"))
    assert feed(engine) == ["items", "users", "ratings"]


def test_a_second_load_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    folder = ml_100k(tmp_path / "ml-100k")
    put(engine, folder)
    before, told = stored(engine), feed(engine)
    report = put(engine, folder)
    assert report.ratings == TableReport(rows=3, unchanged=3)
    assert report.items == TableReport(rows=3, unchanged=3)
    assert stored(engine) == before
    assert feed(engine) == told


def test_a_later_rating_replaces_a_stored_one_and_an_earlier_one_does_not(
    engine: Engine, tmp_path: Path
) -> None:
    put(engine, write(tmp_path / "a.csv", f"{HEADER}u,i,3,100\nu,j,3,100\n"))
    report = put(engine, write(tmp_path / "b.csv", f"{HEADER}u,i,5,200\nu,i,4,150\nu,j,1,50\n"))
    assert report.ratings == TableReport(rows=3, duplicates=1, updated=1, unchanged=1)
    assert stored(engine) == [("u", "i", 5.0, 200), ("u", "j", 3.0, 100)]


def test_ids_of_any_kind_come_back_as_they_were(engine: Engine, tmp_path: Path) -> None:
    rows = [(user, item, 4.5, 100) for user in NASTY_IDS for item in NASTY_IDS]
    with (tmp_path / "nasty.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "rating", "timestamp"])
        writer.writerows(rows)
    report = put(engine, tmp_path / "nasty.csv")
    assert report.rejected == 0
    assert sorted(stored(engine)) == sorted(rows)


def test_ids_that_cannot_be_seen_name_nothing_new(engine: Engine, tmp_path: Path) -> None:
    with (tmp_path / "unseen.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["user_id", "item_id", "rating", "timestamp"])
        writer.writerows((id_, "i", 4.5, 100) for id_ in (*UNSEEN_IDS, "u"))
    report = put(engine, tmp_path / "unseen.csv")
    assert report.by_reason == {ids.UNSEEN: 5, ids.EDGE_SPACE: 1}
    assert stored(engine) == [("u", "i", 4.5, 100)]


def test_an_empty_platform_takes_its_items_from_the_ratings(engine: Engine, tmp_path: Path) -> None:
    report = put(engine, write(tmp_path / "a.csv", f"{HEADER}u,i,3,100\nv,j,3,100\n"))
    assert (report.created_items, report.created_users) == (2, 2)
    with engine.connect() as connection:
        assert items.get(connection, "i") == Item("i", "i")


def test_items_unknown_to_a_catalogue_are_rejected_unless_they_are_wanted(
    engine: Engine, tmp_path: Path
) -> None:
    put(engine, ml_100k(tmp_path / "ml-100k"))
    path = write(tmp_path / "more.csv", f"{HEADER}u,1,3,100\nu,99,3,100\n")
    report = put(engine, path)
    assert (report.ratings.inserted, report.by_reason) == (1, {UNKNOWN_ITEM: 1})
    report = put(engine, path, create_items=True)
    assert (report.ratings.inserted, report.created_items, report.rejected) == (1, 1, 0)


def test_an_items_file_is_the_catalogue_of_its_ratings(engine: Engine, tmp_path: Path) -> None:
    catalogue = write(tmp_path / "films.csv", f"id,title,mood\na,Aria (1987),sad\nb,{'x' * 1_000_000},glad\n")
    path = write(tmp_path / "mine.csv", f"{HEADER}u,a,3,100\nu,b,3,100\nu,c,3,100\n")
    report = put(engine, path, items=catalogue)
    assert report.ratings == TableReport(rows=3, inserted=1)
    assert report.by_reason[REJECTED_ITEM] == report.by_reason[UNKNOWN_ITEM] == 1
    with engine.connect() as connection:
        assert items.get(connection, "a") == Item("a", "Aria", 1987, (), {"mood": "sad"})
        assert items.get(connection, "b") is None


def test_a_catalogue_can_be_loaded_alone(engine: Engine, tmp_path: Path) -> None:
    films = write(tmp_path / "films.csv", "id,title\na,Aria\n")
    people = write(tmp_path / "people.csv", "id,age\nu,30\n")
    report = put(engine, None, items=films, users=people)
    assert (report.items.inserted, report.users.inserted, report.ratings) == (1, 1, TableReport())


def test_every_rejected_row_is_listed_with_its_line_and_reason(engine: Engine, tmp_path: Path) -> None:
    bad = "".join(f"u,i{n},{n},100\n" for n in range(6, 31))
    path = write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\n{bad}u,j\n")
    report = put(engine, path)
    assert (report.ratings.inserted, report.rejected) == (1, 26)
    assert len(report.first) == 10
    assert report.rejects == tmp_path / "rejected.csv"
    with report.rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == list(range(3, 29))
    assert rows[0] == {
        "file": "mine.csv",
        "line": "3",
        "field": "rating",
        "value": "6",
        "reason": "rating is not on the scale of 0.5 to 5 by 0.5 (rating_scale in configs/serving.yaml)",
    }
    assert rows[-1]["reason"] == "wrong number of fields"


def test_strict_loads_nothing_when_a_row_is_bad(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\nu,j,11,100\n")
    with pytest.raises(
        DataError, match=r"(?s)Nothing of mine was loaded, 1 row rejected.*line 3.*rejected\.csv"
    ):
        put(engine, path, strict=True)
    assert stored(engine) == []
    assert feed(engine) == []


def test_nothing_is_loaded_when_no_rating_is_good(engine: Engine, tmp_path: Path) -> None:
    films = write(tmp_path / "films.csv", "id,title\na,Aria\n")
    path = write(tmp_path / "mine.csv", f"{HEADER}u,b,3,100\n")
    with pytest.raises(DataError, match=r"(?s)Nothing of mine could be loaded, 1 row.*--create-items"):
        put(engine, path, items=films)
    with engine.connect() as connection:
        assert items.known_ids(connection) == set()


def test_where_all_is_bad_every_reason_is_told_with_its_count(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "user;item;rating\nu;i;4,5\nu;j;3,5\n;i;4\nu;i;good\nu;i;11\n")
    with pytest.raises(DataError) as caught:
        put(engine, path)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Nothing of mine could be loaded, 5 rows rejected:"
    assert [line.split(maxsplit=1)[0] for line in lines[1:5]] == ["2", "1", "1", "1"]
    assert "decimal comma" in lines[1]
    assert lines[6].startswith("  mine.csv, line 2: rating has a decimal comma")
    assert lines[-1].startswith("Write ratings with a decimal point. The list is ")


def test_an_items_file_without_rows_is_told(engine: Engine, tmp_path: Path) -> None:
    films = write(tmp_path / "films.csv", "id,title\n")
    with pytest.raises(DataError, match=r"films\.csv has a header but no rows"):
        put(engine, write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\n"), items=films)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (HEADER.encode(), "a header but no rows"),
        (bytes(range(256)) * 40, "is not text"),
        (b"a,b,c\n1,2,3\n", "no column for the user"),
        (b"1,2,3,4\n5,6,7,8\n", "has no header"),
    ],
)
def test_a_file_that_is_none_says_why_and_changes_nothing(
    engine: Engine, tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        put(engine, write(tmp_path / "mine.csv", content))
    assert stored(engine) == []


def test_ratings_without_times_are_said_to_count_as_made_now(engine: Engine, tmp_path: Path) -> None:
    report = put(engine, write(tmp_path / "mine.csv", "user,item,rating\nu,i,3\n"))
    assert report.untimed
    assert stored(engine) == [("u", "i", 3.0, int(NOW.timestamp()))]


def test_named_columns_are_used(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "reader;item;rating\nu;i;3\n")
    report = put(engine, path, columns=Columns({"user_id": "reader"}))
    assert report.ratings.inserted == 1


def test_a_failure_while_writing_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    """Items and users are written first; when the ratings cannot be, they are gone again."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ratings ADD CONSTRAINT no_fives CHECK (rating < 5)"))
    with pytest.raises(IntegrityError, match="no_fives"):
        put(engine, ml_100k(tmp_path / "ml-100k"))
    with engine.connect() as connection:
        assert items.known_ids(connection) == set()
        assert users.count(connection) == 0
    assert feed(engine) == []


def test_progress_is_told_from_nothing_to_all(engine: Engine, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    load(
        engine,
        ml_100k(tmp_path / "ml-100k"),
        scale=SCALE,
        on_progress=lambda step, done, total: told.append((step, done, total)),
    )
    assert list(dict.fromkeys(step for step, _, _ in told)) == [
        "Reading u.item",
        "Reading u.user",
        "Reading u.data",
        "Writing to the database",
    ]
    ends = {step: (done, total) for step, done, total in told}
    assert all(done == total for done, total in ends.values())
