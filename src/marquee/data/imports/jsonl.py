"""JSON objects, a line each, as rows: which key is what is looked at row by row."""

import json
from collections.abc import Iterator, Mapping
from functools import cache

from marquee.data.catalogue import ATTRIBUTES, NOT_ATTRIBUTES, NumberedRow
from marquee.data.columns import key
from marquee.data.imports.body import BODY
from marquee.data.lines import Lines, LongLine
from marquee.data.parsing import NOT_AN_ID, NOT_AN_OBJECT, too_long, whole_lines
from marquee.data.rejects import NOT_DECODABLE, Reject, shown

TWO_KEYS = "two keys mean the same"
_ALL_ATTRIBUTES = "attributes"


class Keyed:
    """Which key is what.

    Args:
        id_role: what every row must have.
        roles: names that a key may have, by what it holds; other keys are attributes.
    """

    def __init__(self, id_role: str, roles: Mapping[str, tuple[str, ...]]) -> None:
        self.id_role = id_role
        self._role_of = {word: role for role, words in reversed([*roles.items()]) for word in words}
        self.role = cache(self._role)

    def _role(self, name: str) -> str | None:
        return self._role_of.get(key(name))


def json_rows(lines: Lines, keyed: Keyed) -> Iterator[NumberedRow | Reject]:
    """(line, cells by role) of each object; all attributes together are one cell, a JSON object."""
    for text in whole_lines(lines):
        if isinstance(text, LongLine):
            yield too_long(BODY, lines, text)
        elif text.strip():
            row = _row(text.rstrip("\r\n"), keyed)
            if isinstance(row, dict):
                yield lines.number, row
            else:
                field, value, reason = row
                yield Reject(BODY, lines.number, field, shown(value), reason)


def _row(text: str, keyed: Keyed) -> dict[str, str] | tuple[str, str, str]:
    """The cells, or (field, value, reason) of what is wrong.

    The standard library's JSON reads whole numbers of any size, which attributes may be.
    """
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        if any("\ud800" <= character <= "\udfff" for character in text):
            return "", text, NOT_DECODABLE
        return f"column {error.colno}", text, f"not JSON: {error.msg}"
    except (ValueError, RecursionError) as error:
        return "", text, f"not JSON: {error}"
    if not isinstance(record, dict):
        return "", text, NOT_AN_OBJECT
    return _cells(record, keyed, text)


def _cells(record: dict[str, object], keyed: Keyed, text: str) -> dict[str, str] | tuple[str, str, str]:
    cells: dict[str, str] = {}
    attributes: dict[str, object] = {}
    for name, value in record.items():
        role = keyed.role(name)
        if role is None and name == _ALL_ATTRIBUTES:
            if not isinstance(value, dict | None):
                return name, _cell(value), NOT_ATTRIBUTES
        elif role is None:
            attributes.update({} if value is None else {name: value})
        elif role in cells:
            return str(role), text, TWO_KEYS
        elif role is not None:
            cells[role] = _cell(value)
    if keyed.id_role not in cells:
        return keyed.id_role, text, f"the key {keyed.id_role!r} is missing"
    identity = next(value for name, value in record.items() if keyed.role(name) == keyed.id_role)
    if not (identity is None or isinstance(identity, (str, int))) or isinstance(identity, bool):
        return keyed.id_role, cells[keyed.id_role], NOT_AN_ID
    whole = record.get(_ALL_ATTRIBUTES)
    attributes.update(whole if isinstance(whole, dict) else {})
    if attributes:
        cells[ATTRIBUTES] = json.dumps(attributes)
    return cells


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
