"""API keys."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.api.schemas.fields import Answer, Message, Text

Scope = Literal["read", "write", "operate", "admin"]


class KeyRequest(Message):
    name: Annotated[Text, Field(min_length=1, max_length=100, examples=["nightly-import"])]
    scopes: list[Scope] = Field(
        min_length=1, max_length=4, description="each holds those before it", examples=[["read"]]
    )


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
