"""People beside people."""

from pydantic import Field

from app.api.schemas.fields import Answer
from app.api.schemas.items import ItemSummary


class SimilarUser(Answer):
    """Somebody whose taste is like that of the person asked about."""

    user_id: str = Field(examples=["77"])
    similarity: float = Field(description="from 0 to 1; 1 is the very same", examples=[0.4213])
    shared_count: int = Field(description="how many items both liked", examples=[58])
    shared: list[ItemSummary] = Field(description="some of these, those first that fewest people like")


class SimilarUsers(Answer):
    """The most alike first."""

    user_id: str = Field(examples=["42"])
    known: bool = Field(description="whether anything is known of the person")
    notice: str | None = Field(description="why there is nobody; null where there is")
    users: list[SimilarUser]
