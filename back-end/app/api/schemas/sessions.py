"""Signing in and out."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.fields import Answer, Id, Message, Text


class ProfileSignIn(Message):
    """A viewer picks a profile; no password, where `profile_sign_in` is open."""

    user_id: Id = Field(examples=["42"])


class OperatorSignIn(Message):
    name: Annotated[Text, Field(min_length=1, max_length=100, examples=["operator"])]
    password: Annotated[Text, Field(min_length=1, max_length=1024)]


class Session(Answer):
    """Who is asking."""

    role: Literal["anonymous", "viewer", "operator"]
    user_id: str | None = Field(description="a viewer's profile", examples=["42"])
    name: str | None = Field(description="an operator's name")
    profile_sign_in: Literal["open", "off"] = Field(
        description="whether a profile can be picked without a password"
    )
