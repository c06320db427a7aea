"""Everything that can go wrong on purpose. Each error says what happened and, in `hint`, what to do.

MarqueeError
├── InvalidInput            422  a value is wrong
│   └── DataError           422  a file cannot be read or holds nothing usable
├── TooLarge                413
├── NotFound                404
├── Conflict                409  somebody else was first, or the state does not allow it
├── Unauthorized            401  who are you?
├── Forbidden               403  you may not
├── TooManyRequests         429
├── Unavailable             503  a part that is needed is away, or refuses
│   └── Unreachable         503  it does not answer: the same thing may work later
├── CorruptBundle           500  a model's files are not what its manifest says
└── ConfigurationError      500  a setting is wrong or unknown
    └── PortInUse

`status` is the HTTP status a service answers with; `exit_code` is what the command line exits with.
"""

from typing import ClassVar


class MarqueeError(Exception):
    """Base of all errors that carry a message for people.

    Args:
        message: what was wrong, and where, in one sentence.
        hint: what a person can do about it; may be empty.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    slug: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def to_dict(self) -> dict[str, object]:
        """What a script may want of it, as JSON takes it."""
        return {"kind": self.slug, "message": self.message, "hint": self.hint, "exit_code": self.exit_code}


class InvalidInput(MarqueeError):
    status = 422
    title = "Invalid input"
    slug = "invalid-input"
    exit_code = 2


class DataError(InvalidInput):
    title = "Unusable data"
    slug = "unusable-data"
    exit_code = 3


class TooLarge(MarqueeError):
    status = 413
    title = "Too large"
    slug = "too-large"
    exit_code = 2


class NotFound(MarqueeError):
    status = 404
    title = "Not found"
    slug = "not-found"
    exit_code = 4


class Conflict(MarqueeError):
    status = 409
    title = "Conflict"
    slug = "conflict"
    exit_code = 5


class Unauthorized(MarqueeError):
    status = 401
    title = "Unauthorized"
    slug = "unauthorized"
    exit_code = 6


class Forbidden(MarqueeError):
    status = 403
    title = "Forbidden"
    slug = "forbidden"
    exit_code = 6


class TooManyRequests(MarqueeError):
    status = 429
    title = "Too many requests"
    slug = "too-many-requests"


class Unavailable(MarqueeError):
    status = 503
    title = "Unavailable"
    slug = "unavailable"
    exit_code = 7


class Unreachable(Unavailable):
    title = "Not reachable"
    slug = "unreachable"


class CorruptBundle(MarqueeError):
    title = "Corrupt model bundle"
    slug = "corrupt-bundle"
    exit_code = 8


class ConfigurationError(MarqueeError):
    title = "Wrong configuration"
    slug = "configuration"
    exit_code = 9


class PortInUse(ConfigurationError):
    title = "Port in use"
    slug = "port-in-use"
