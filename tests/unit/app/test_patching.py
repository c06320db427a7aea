"""What a merge patch that does not leave a whole item is told."""

import pytest
from app.api.patching import patched
from app.api.schemas.items import ItemBody, ItemPatch
from fastapi.exceptions import RequestValidationError

ITEM = {"title": "Alien", "year": 1979, "genres": ["Horror"]}


def test_null_takes_a_field_out_that_need_not_be_there() -> None:
    item = patched(ItemBody, ITEM, ItemPatch(year=None, genres=None))
    assert (item.title, item.year, item.genres) == ("Alien", None, [])


def test_a_field_that_must_be_there_may_not_be_null() -> None:
    with pytest.raises(RequestValidationError) as refused:
        patched(ItemBody, ITEM, ItemPatch(title=None))
    assert [(fault["loc"], fault["msg"]) for fault in refused.value.errors()] == [
        (("body", "title"), "may not be null")
    ]
