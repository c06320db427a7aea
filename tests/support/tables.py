"""Tables of a platform with everything in them that a text may hold."""

import json

from hypothesis import strategies as st
from sqlalchemy import Engine, text

from marquee.domain.ids import fault_of_new

KINDS = ("items", "users", "ratings", "events")

NASTY = [
    "a/b",
    "\\N",
    "\\",
    '"quoted"',
    "it's",
    "two words",
    "🎬",
    "%2F",
    "a,b",
    "ابن",
    "👨‍👩‍👧",
    "-1",
    "NULL",
    "{}",
    "[x",
]

_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: fault_of_new(text) is None
)
_LARGEST = 2**63  # a number in the attributes
_numbers = st.integers(-_LARGEST, _LARGEST) | st.floats(-_LARGEST, _LARGEST)
_json = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_attributes = st.dictionaries(_texts, _json, max_size=3)
_titles = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30
).filter(lambda title: title.strip() != "")
_genres = st.lists(
    st.sampled_from(["Drama", "Sci-Fi", "unknown", "a|b", "a, b", " x ", "[y", "日本"]) | _titles, max_size=4
)
_moments = st.integers(0, 1_700_000_000_000_000).map(lambda us: us / 1e6)


@st.composite
def tables(draw: st.DrawFn, least: int = 1) -> dict[str, list[dict[str, object]]]:
    """A platform's rows, as Postgres is given them."""
    items = draw(st.lists(_ids, min_size=least, max_size=least + 8, unique=True)) + NASTY
    users = draw(st.lists(_ids, min_size=least, max_size=least + 8, unique=True)) + NASTY
    pair = st.tuples(st.sampled_from(users), st.sampled_from(items))
    pairs = draw(st.lists(pair, min_size=least, max_size=least + 12, unique=True))
    return {
        "items": [
            {
                "item_id": item,
                "title": draw(_titles),
                "year": draw(st.none() | st.integers(1000, 2100)),
                "genres": draw(_genres),
                "attributes": json.dumps(draw(_attributes)),
                "hidden": draw(st.booleans()),
                "at": draw(_moments),
            }
            for item in dict.fromkeys(items)
        ],
        "users": [
            {
                "user_id": user,
                "age": draw(st.none() | st.integers(0, 150)),
                "gender": draw(st.none() | _titles),
                "attributes": json.dumps(draw(_attributes)),
            }
            for user in dict.fromkeys(users)
        ],
        "ratings": [
            {"user_id": user, "item_id": item, "rating": draw(st.integers(1, 10)) / 2, "at": draw(_moments)}
            for user, item in pairs
        ],
        "events": [
            {
                "event_id": f"{n}{draw(_texts)}",
                "user_id": user,
                "item_id": item,
                "at": draw(_moments),
                "value": draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
                "variant": draw(st.none() | st.just("champion")),
            }
            for n, (user, item) in enumerate(pairs)
        ],
    }


_INSERTS = {
    "items": "INSERT INTO items (item_id, title, year, genres, attributes, hidden, created_at) VALUES "
    "(:item_id, :title, :year, :genres, CAST(:attributes AS jsonb), :hidden, to_timestamp(:at))",
    "users": "INSERT INTO users (user_id, age, gender, attributes) VALUES "
    "(:user_id, :age, :gender, CAST(:attributes AS jsonb))",
    "ratings": "INSERT INTO ratings (user_id, item_id, rating, rated_at) VALUES "
    "(:user_id, :item_id, :rating, to_timestamp(:at))",
    "events": "INSERT INTO events (event_id, kind, user_id, item_id, at, value, variant) VALUES "
    "(:event_id, 'play', :user_id, :item_id, to_timestamp(:at), :value, :variant)",
}


def fill(engine: Engine, rows: dict[str, list[dict[str, object]]]) -> None:
    """Put rows into an emptied platform."""
    emptied(engine)
    with engine.begin() as connection:
        for kind in KINDS:
            if rows[kind]:
                connection.execute(text(_INSERTS[kind]), rows[kind])


def emptied(engine: Engine) -> None:
    """Take everything away that can be imported, and tell nobody."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE events, ratings, users, items"))
