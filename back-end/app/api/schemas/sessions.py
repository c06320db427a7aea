"""Signing in and out."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from app.api.schemas.fields import CHECKED_TEXT, Answer, Id, Message


class ProfileSignIn(Message):
    """A viewer picks a profile; no password, where `profile_sign_in` is open."""

    user_id: Id = Field(examples=["42"])


class OperatorSignIn(Message):
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["operator"]), CHECKED_TEXT]
    password: Annotated[str, Field(min_length=1, max_length=1024), CHECKED_TEXT]


def _kind(body: Any) -> str | None:
    """Which sign-in a body is meant to be, by its fields."""
    fields = body.keys() if isinstance(body, dict) else set()
    profile, operator = "user_id" in fields, bool(fields & {"name", "password"})
    if profile == operator:
        return None
    return "profile" if profile else "operator"


SignIn = Annotated[
    Annotated[ProfileSignIn, Tag("profile")] | Annotated[OperatorSignIn, Tag("operator")],
    Discriminator(
        _kind,
        custom_error_type="sign_in",
        custom_error_message="Give either `user_id`, or `name` and `password`",
    ),
]


class Session(Answer):
    """Who is asking."""

    role: Literal["anonymous", "viewer", "operator"]
    user_id: str | None = Field(description="a viewer's profile", examples=["42"])
    name: str | None = Field(description="an operator's name")
    profile_sign_in: Literal["open", "off"] = Field(
        description="whether a profile can be picked without a password"
    )
