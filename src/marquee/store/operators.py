"""Operators' accounts: passwords are kept as Argon2id hashes (RFC 9106)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from marquee.store.tables import operators

_hasher = PasswordHasher()


def any_exist(connection: Connection) -> bool:
    return bool(connection.execute(select(func.count()).select_from(operators)).scalar_one())


def set_password(connection: Connection, name: str, password: str) -> None:
    """Make an account, or give it a new password."""
    values = {"password_hash": _hasher.hash(password)}
    connection.execute(
        insert(operators)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def verify(connection: Connection, name: str, password: str) -> bool:
    """Whether the password is that account's; takes as long for a name that nobody has."""
    stored = connection.execute(select(operators.c.password_hash).where(operators.c.name == name)).scalar()
    try:
        _hasher.verify(stored or _nobody(), password)
    except VerifyMismatchError:
        return False
    return stored is not None


@cache
def _nobody() -> str:
    """Verified when the name is unknown, so that the time taken does not tell."""
    return _hasher.hash("nobody has this password")
