"""Gorse's exports into Postgres."""

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from marquee.data.gorse import event_id
from marquee.data.gorse_files import GorseFiles, gorse_files
from marquee.data.gorse_loading import GorseOptions, load_gorse
from marquee.data.loading import LoadReport, TableReport
from marquee.domain.errors import DataError
from marquee.settings.serving import Feedback, FeedbackKind
from marquee.store import items, tables, users
from marquee.store.engine import connect, migrate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = Feedback(kinds={"star": FeedbackKind(weight=1.0), "read": FeedbackKind(weight=0.0, seen=True)})

# As Gorse's dashboard writes them: what Go has no value for is null.
ITEMS = [
    {
        "ItemId": "vuejs:vue",
        "IsHidden": False,
        "Categories": ["framework"],
        "Timestamp": "2022-02-24T00:00:00Z",
        "Labels": {"language": "TypeScript", "year": 2014},
        "Comment": "Vue.js",
    },
    {
        "ItemId": "old:thing",
        "IsHidden": True,
        "Categories": None,
        "Timestamp": "0001-01-01T00:00:00Z",
        "Labels": None,
        "Comment": "",
    },
]
USERS = [
    {"UserId": "bob", "Labels": {"age": 24, "company": "gorse"}, "Subscribe": None, "Comment": "my user"}
]
FEEDBACK = [
    {
        "FeedbackType": "star",
        "UserId": "bob",
        "ItemId": "vuejs:vue",
        "Value": 2.5,
        "Timestamp": "2022-02-25T10:00:00Z",
        "Updated": "2022-02-25T10:00:00Z",
        "Comment": "",
    },
    {
        "FeedbackType": "read",
        "UserId": "ann",
        "ItemId": "vuejs:vue",
        "Value": 0,
        "Timestamp": "2022-02-26T10:00:00Z",
        "Comment": "",
    },
]


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Engine:
    engine = connect(new_database(), application_name="test")
    migrate(engine)
    return engine


def _lines(path: Path, rows: list[object]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def _export(folder: Path, feedback: list[object] | None = None) -> Path:
    _lines(folder / "items.jsonl", list(ITEMS))
    _lines(folder / "users.jsonl", list(USERS))
    _lines(folder / "feedback.jsonl", list(FEEDBACK) if feedback is None else feedback)
    return folder


def _load(
    engine: Engine, path: Path, *, create_items: bool | None = None, strict: bool = False
) -> LoadReport:
    files = gorse_files(path)
    assert files is not None
    options = GorseOptions(KINDS, create_items=create_items, strict=strict)
    return load_gorse(engine, files, options, rejects_path=path.parent / "rejects.csv", clock=lambda: NOW)


def _events(engine: Engine) -> list[tuple[str, str, str, float, datetime]]:
    with engine.connect() as connection:
        rows = connection.execute(select(tables.events).order_by(tables.events.c.at)).all()
    return [(row.kind, row.user_id, row.item_id, row.value, row.at) for row in rows]


def test_an_export_is_loaded_whole(engine: Engine, tmp_path: Path) -> None:
    report = _load(engine, _export(tmp_path / "gorse"))
    assert report.dataset == "gorse"
    assert report.items == TableReport(rows=2, inserted=2)
    assert report.users == TableReport(rows=1, inserted=1)
    assert report.events == TableReport(rows=2, inserted=2)
    assert (report.created_items, report.created_users, report.rejected) == (0, 1, 0)

    with engine.connect() as connection:
        vue, old = items.get(connection, "vuejs:vue"), items.get(connection, "old:thing")
        bob = users.get(connection, "bob")
        created = connection.scalar(
            select(tables.items.c.created_at).where(tables.items.c.item_id == "vuejs:vue")
        )
    assert vue is not None
    assert (vue.title, vue.year, vue.genres, vue.attributes, vue.hidden) == (
        "Vue.js",
        2014,
        ("framework",),
        {"language": "TypeScript"},
        False,
    )
    assert created == datetime(2022, 2, 24, tzinfo=UTC)
    assert old is not None
    assert (old.title, old.hidden) == ("old:thing", True)
    assert bob is not None
    assert (bob.user.age, bob.user.attributes) == (24, {"company": "gorse", "comment": "my user"})
    assert _events(engine) == [
        ("star", "bob", "vuejs:vue", 2.5, datetime(2022, 2, 25, 10, tzinfo=UTC)),
        ("read", "ann", "vuejs:vue", 0.0, datetime(2022, 2, 26, 10, tzinfo=UTC)),
    ]


def test_loading_it_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = _export(tmp_path / "gorse")
    _load(engine, path)
    before = _events(engine)
    again = _load(engine, path)
    assert again.items == TableReport(rows=2, unchanged=2)
    assert again.users == TableReport(rows=1, unchanged=1)
    assert again.events == TableReport(rows=2, unchanged=2)
    assert _events(engine) == before


def test_every_bad_row_is_told_with_line_field_and_reason(engine: Engine, tmp_path: Path) -> None:
    good = FEEDBACK[0]
    rows: list[object] = [
        good,
        "{not json",
        "[1]",
        {**good, "FeedbackType": "share"},
        {**good, "UserId": ""},
        {**good, "ItemId": "nowhere"},
        {**good, "Timestamp": "soon"},
        {**good, "Timestamp": "2030-01-01"},
        {"FeedbackType": "star", "UserId": "bob"},
        {**good, "Value": "much"},
        {**good, "UserId": "b\u200bb"},
        {**good, "FeedbackType": "read"},
    ]
    report = _load(engine, _export(tmp_path / "gorse", rows))
    assert report.events == TableReport(rows=12, inserted=2)
    told = [(reject.line, reject.field) for reject in report.first]
    assert told == [
        (2, "column 2"),
        (3, ""),
        (4, "FeedbackType"),
        (5, "UserId"),
        (6, "ItemId"),
        (7, "Timestamp"),
        (8, "Timestamp"),
        (9, "ItemId"),
        (10, "Value"),
        (11, "UserId"),
    ]
    reasons = [reject.reason for reject in report.first]
    assert "There is no kind 'share' here; configs/serving.yaml has 'star', 'read'." in reasons[2]
    assert reasons[4] == "item is not in the catalogue"
    assert reasons[5] == "is neither ISO 8601 nor unix seconds"
    assert "in the future" in reasons[6]
    assert report.rejected == 10
    assert report.rejects is not None
    assert len(report.rejects.read_text().splitlines()) == 11


def test_strict_loads_nothing_when_a_row_is_bad(engine: Engine, tmp_path: Path) -> None:
    path = _export(tmp_path / "gorse", [FEEDBACK[0], {**FEEDBACK[0], "FeedbackType": "share"}])
    with pytest.raises(DataError, match="Nothing of gorse was loaded"):
        _load(engine, path, strict=True)
    assert _events(engine) == []
    with engine.connect() as connection:
        assert items.known_ids(connection) == set()


def test_feedback_alone_makes_its_items_where_there_are_none(engine: Engine, tmp_path: Path) -> None:
    path = _lines(tmp_path / "feedback.jsonl", list(FEEDBACK))
    report = _load(engine, path)
    assert (report.created_items, report.created_users, report.events.inserted) == (1, 2, 2)

    other = _lines(tmp_path / "more.jsonl", [{**FEEDBACK[0], "ItemId": "new"}])
    with pytest.raises(DataError, match="Nothing of more could be loaded"):
        _load(engine, other)
    assert _load(engine, other, create_items=True).created_items == 1


def test_of_one_type_user_and_item_the_last_row_stands(engine: Engine, tmp_path: Path) -> None:
    rows: list[object] = [FEEDBACK[0], {**FEEDBACK[0], "Value": 7}]
    report = _load(engine, _export(tmp_path / "gorse", rows))
    assert report.events == TableReport(rows=2, duplicates=1, inserted=1)
    assert [event[3] for event in _events(engine)] == [7.0]
    with engine.connect() as connection:
        assert connection.scalar(select(tables.events.c.event_id)) == event_id("star", "bob", "vuejs:vue")


def test_an_archive_is_as_good_as_a_folder(tmp_path: Path) -> None:
    folder = _export(tmp_path / "gorse")
    with zipfile.ZipFile(tmp_path / "gorse.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    files = gorse_files(tmp_path / "gorse.zip")
    assert isinstance(files, GorseFiles)
    assert files.feedback is not None
    assert files.feedback.name == "gorse.zip/feedback.jsonl"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("items.jsonl", {"item_id": "1", "title": "Aria", "labels": "x"}),
        ("users.jsonl", {"user_id": "1", "age": 3}),
        ("ratings.jsonl", {"user_id": "1", "item_id": "2", "rating": 3}),
        ("feedback.jsonl", {"user_id": "1", "item_id": "2", "rating": 3}),
    ],
)
def test_marquees_own_files_are_not_taken_for_gorses(tmp_path: Path, name: str, row: object) -> None:
    path = _lines(tmp_path / "data" / name, [row])
    assert gorse_files(path) is None
    assert gorse_files(path.parent) is None
