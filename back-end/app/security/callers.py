"""Callers and their rights.

Keys and operators have a level, and each level holds those below it. A viewer has none: a viewer may see the
catalogue and touch the data of one profile. Somebody anonymous may see the catalogue where profiles are open.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from marquee.domain.errors import Forbidden, Unauthorized

Role = Literal["anonymous", "viewer", "operator", "key"]


class Level(IntEnum):
    NONE = 0
    READ = 1
    WRITE = 2
    OPERATE = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        role: how they showed it.
        level: what they may do with everybody's data.
        name: of an operator or a key.
        user_id: a viewer's profile.
        browses: whether they may see the catalogue and who there is.
    """

    role: Role
    level: Level
    name: str | None = None
    user_id: str | None = None
    browses: bool = True

    @property
    def actor(self) -> str:
        """How the audit log names them."""
        return f"{self.role}:{self.name}" if self.name else self.role

    def require(self, level: Level) -> None:
        """Raises Unauthorized for somebody unknown, Forbidden for somebody with lower rights."""
        if self.level < level:
            raise self._refused(f"This needs the scope {level.name.lower()}.")

    def require_browsing(self) -> None:
        if not self.browses:
            raise self._refused("This needs the scope read, or a session.")

    def require_person(self, user_id: str, level: Level) -> None:
        """As `require`, but viewers may do it with their own profile."""
        if self.level < level and self.user_id != user_id:
            raise self._refused(f"This needs the scope {level.name.lower()}, or to be that person.")

    def _refused(self, message: str) -> Forbidden | Unauthorized:
        if self.role == "anonymous":
            return Unauthorized(message, hint="Send `Authorization: Bearer KEY`, or sign in.")
        return Forbidden(message, hint="Ask an operator for a key that has it.")


ANONYMOUS = Caller("anonymous", Level.NONE)
STRANGER = Caller("anonymous", Level.NONE, browses=False)


def level_of(scopes: tuple[str, ...]) -> Level:
    """The highest of some scopes."""
    return max((Level[scope.upper()] for scope in scopes), default=Level.NONE)
