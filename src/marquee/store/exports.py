"""Whole tables out of Postgres, in the form in which `store.imports` takes them back.

Postgres writes the lines itself (COPY), as it reads the rows: nobody holds more than one. The order is that
of the keys, so equal tables are equal bytes.
"""

from typing import IO, Literal

from sqlalchemy import Connection

Kind = Literal["ratings", "items", "users", "events"]
Format = Literal["csv", "jsonl"]

# Genres are names with | between them where that says it all, else a JSON list.
_GENRES = (
    "CASE WHEN NOT EXISTS (SELECT FROM unnest(genres) g WHERE "
    "g !~ '^[[:alnum:]''&+/-]+( [[:alnum:]''&+/-]+)*$' OR lower(g) = 'unknown') "
    "AND cardinality(genres) = (SELECT count(DISTINCT g) FROM unnest(genres) g) "
    "THEN array_to_string(genres, '|') ELSE to_json(genres)::text END"
)
# Moments are unix seconds, with as many decimals as it takes.
_RATINGS = (
    "SELECT user_id, item_id, rating, trim_scale(extract(epoch FROM rated_at)) AS timestamp FROM ratings"
)
_EVENTS = (
    "SELECT event_id, kind, user_id, item_id, trim_scale(extract(epoch FROM at)) AS at, value, request_id, "
    "model_version, variant FROM events"
)
_ITEMS = (
    "SELECT item_id, title, year, {genres}, {hidden}, "
    "trim_scale(extract(epoch FROM created_at)) AS created_at, {attributes} FROM items"
)
_USERS = (
    "SELECT user_id, age, nullif(gender, '') AS gender, nullif(occupation, '') AS occupation, {attributes} "
    "FROM users"
)
_CELLS = {
    "genres": f"{_GENRES} AS genres",
    "hidden": "hidden::text AS hidden",
    "attributes": "nullif(attributes, '{}'::jsonb)::text AS attributes",
}
_VALUES = {"genres": "genres", "hidden": "hidden", "attributes": "attributes"}
_ORDER = {"ratings": "user_id, item_id", "items": "item_id", "users": "user_id", "events": "event_id"}
_QUERIES: dict[Kind, str] = {"ratings": _RATINGS, "events": _EVENTS, "items": _ITEMS, "users": _USERS}
# Texts that may begin or end with blanks, which a reader of CSV takes for decoration unless they are quoted.
_QUOTED = {
    "items": "title, genres, attributes",
    "users": "gender, occupation, attributes",
    "events": "event_id, kind, variant",
}


def copy_out(connection: Connection, kind: Kind, form: Format, file: IO[bytes]) -> None:
    """Write a table to a file, line by line, as one snapshot of it."""
    query = _QUERIES[kind].format(**(_CELLS if form == "csv" else _VALUES)) + f" ORDER BY {_ORDER[kind]}"
    cursor = connection.connection.cursor()
    cursor.copy_expert(_csv(kind, query) if form == "csv" else _jsonl(query), file)


def _csv(kind: Kind, query: str) -> str:
    quoted = f", FORCE_QUOTE ({_QUOTED[kind]})" if kind in _QUOTED else ""
    return f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER{quoted})"


def _jsonl(query: str) -> str:
    """JSON holds no control characters, so as a CSV of one column it comes as it is."""
    return (
        f"COPY (SELECT row_to_json(r) FROM ({query}) r) "  # noqa: S608 - constants
        "TO STDOUT WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    )
