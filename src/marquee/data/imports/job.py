"""What is to be imported."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

Kind = Literal["ratings", "items", "users", "events"]
Form = Literal["csv", "jsonl"]
NO_SPOOL = -1


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What the bytes on standard input are.

    Attributes:
        compressed: whether they are compressed with gzip; such bytes are told without being announced, too.
        encoding: of the text, where somebody said; None finds out.
        create_items: whether ratings and events may be of items that nobody described.
        spool: the open file, by its number, that bad rows are written to, a JSON object a line.
    """

    kind: Kind
    form: Form
    spool: int
    compressed: bool = False
    encoding: str | None = None
    create_items: bool = False

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        return cls(**json.loads(text))
