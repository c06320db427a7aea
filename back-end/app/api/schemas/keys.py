"""API keys."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from app.api.schemas.fields import CHECKED_TEXT, Answer, Message

Scope = Literal["read", "write", "operate", "admin"]


class KeyRequest(Message):
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["nightly-import"]), CHECKED_TEXT]
    scopes: Annotated[
        list[Scope],
        Field(min_length=1, max_length=4, description="each holds those before it", examples=[["read"]]),
        AfterValidator(lambda scopes: list(dict.fromkeys(scopes))),
    ]


class KeySummary(Answer):
    name: str
    prefix: str = Field(description="how the key begins", examples=["mq_Zx81q"])
    scopes: list[Scope]
    created_at: AwareDatetime


class NewKey(Answer):
    key: str = Field(description="shown this once: only its hash is kept")
    name: str
    prefix: str
    scopes: list[Scope]


class KeyList(Answer):
    keys: list[KeySummary]
