"""JSON objects, a line each, as rows."""

import io

import pytest

from marquee.data.catalogue import ATTRIBUTES, NOT_ATTRIBUTES, NumberedRow
from marquee.data.imports.body import BODY
from marquee.data.imports.jsonl import Keyed, json_rows
from marquee.data.lines import Lines
from marquee.data.rejects import Reject

KEYED = Keyed("item_id", {"item_id": ("itemid",), "title": ("title",)})


def rows_of(text: str) -> list[NumberedRow | Reject]:
    lines = Lines(io.TextIOWrapper(io.BytesIO(text.encode()), newline=""), BODY, 2**20)
    return list(json_rows(lines, KEYED))


def test_attributes_come_one_by_one_or_as_an_object() -> None:
    rows = rows_of(
        '{"item_id": 1, "seats": 4, "attributes": {"x": [1]}}\n{"item_id": "2", "attributes": null}\n'
    )
    assert rows == [
        (1, {"item_id": "1", ATTRIBUTES: '{"seats": 4, "x": [1]}'}),
        (2, {"item_id": "2"}),
    ]


@pytest.mark.parametrize(("written", "shown"), [("[1]", "[1]"), ('"foo"', "foo"), ("false", "false")])
def test_attributes_that_are_no_object_are_rejected(written: str, shown: str) -> None:
    rows = rows_of(f'{{"item_id": "1", "attributes": {written}}}\n')
    assert rows == [Reject(BODY, 1, "attributes", shown, NOT_ATTRIBUTES)]
