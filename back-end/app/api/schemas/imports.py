"""Imports."""

from pydantic import Field

from app.api.schemas.fields import Answer


class BadRow(Answer):
    """A row that was not taken, for its first fault."""

    line: int = Field(description="where the row begins; the first line is 1", examples=[3])
    field: str = Field(description="the column; empty when the whole row is at fault", examples=["rating"])
    value: str = Field(description="what stood there, shortened to be shown", examples=["4,5"])
    reason: str = Field(examples=["rating has a decimal comma: it is written 4.5, not 4,5"])


class ImportReport(Answer):
    """What an import did: each row that was read was inserted, updated, unchanged or rejected."""

    rows: int = Field(description="rows read", examples=[100_000])
    created_users: int = Field(description="people made because a row names them", examples=[943])
    created_items: int = Field(description="items made because a row names them", examples=[0])
    inserted: int = Field(examples=[99_000])
    updated: int = Field(examples=[0])
    unchanged: int = Field(
        description="rows that were there already, or that a later or earlier row stands for", examples=[999]
    )
    rejected: int = Field(examples=[1])
    reasons: dict[str, int] = Field(
        description="how many rows were rejected, by reason", examples=[{"rating is not a number": 1}]
    )
    ignored_columns: list[str] = Field(description="columns that mean nothing here", examples=[["comment"]])
    seconds: float = Field(examples=[1.25])
    rejects: list[BadRow] = Field(description="every row that was rejected")
