"""Finding text within text, whatever its case and accents."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal_column

# Decomposed, the accents are characters of their own (U+0300 to U+036F), which are taken out.
_ACCENTS = "[\u0300-\u036f]"
_NFD: ColumnElement[Any] = literal_column("NFD")


def folded(value: Any) -> ColumnElement[str]:
    """The text in lower case, without accents."""
    return func.lower(func.regexp_replace(func.normalize(value, _NFD), _ACCENTS, "", "g"))


def contains(column: ColumnElement[Any], q: str) -> ColumnElement[bool]:
    """Whether the column holds `q` as a substring."""
    return func.strpos(folded(column), folded(q)) > 0
