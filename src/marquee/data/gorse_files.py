"""The JSONL files that Gorse exports: which they are, and their lines as records or rejects."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import orjson
from pydantic import ValidationError

from marquee.data.gorse import GorseFeedback, GorseItem, GorseMessage, GorseUser
from marquee.data.layout import MOST_CHARACTERS
from marquee.data.opening import DataFile, is_zip, open_text, readable
from marquee.data.progress import OnProgress
from marquee.data.rejects import NOT_DECODABLE, Reject, shown

NOT_AN_OBJECT = "not a JSON object"

_NAMES = {"items": "items.jsonl", "users": "users.jsonl", "feedback": "feedback.jsonl"}
_SHAPES: dict[str, type[GorseMessage]] = {"items": GorseItem, "users": GorseUser, "feedback": GorseFeedback}
_LINES_A_STEP = 10_000

# Names of fields, in lower case and without underscores.
_NEEDED = {
    "items": {"itemid", "labels"},
    "users": {"userid", "labels"},
    "feedback": {"feedbacktype", "userid", "itemid"},
}
_KNOWN = {
    "items": {"ishidden", "categories", "timestamp", "comment"},
    "users": {"subscribe", "comment"},
}

M = TypeVar("M", bound=GorseMessage)


@dataclass(frozen=True, slots=True)
class GorseFiles:
    """What Gorse exported; at least one file is there."""

    name: str
    items: DataFile | None = None
    users: DataFile | None = None
    feedback: DataFile | None = None


def gorse_files(path: Path | None, items: Path | None = None, users: Path | None = None) -> GorseFiles | None:
    """The files at a path, when they are Gorse's; None when they are something else.

    Args:
        path: a folder or zip archive with feedback.jsonl (and items.jsonl, users.jsonl), or one such file;
            None when only `items` or `users` are to be read.
        items, users: files in place of those beside the feedback.
    """
    found = _beside(path) if path is not None and path.exists() else {}
    for role, given in (("items", items), ("users", users)):
        if given is not None and (path is None or found):
            found[role] = DataFile(given)
    if not found or not any(_is_gorses(role, file) for role, file in found.items()):
        return None
    name = (path or items or users or Path("gorse")).name.split(".")[0]
    return GorseFiles(name, found.get("items"), found.get("users"), found.get("feedback"))


def _beside(path: Path) -> dict[str, DataFile]:
    """The files of Gorse's names in a folder or archive; a file alone, by what its first line is."""
    if path.is_dir():
        files = [DataFile(entry) for entry in sorted(path.iterdir()) if entry.is_file()]
    elif is_zip(path):
        with readable(DataFile(path)), zipfile.ZipFile(path) as archive:
            files = [DataFile(path, entry.filename) for entry in archive.infolist() if not entry.is_dir()]
    else:
        file = DataFile(path)
        return next(({role: file} for role in ("feedback", "items", "users") if _is_gorses(role, file)), {})
    by_name = {file.base: file for file in files}
    return {role: by_name[name] for role, name in _NAMES.items() if name in by_name}


def _is_gorses(role: str, file: DataFile) -> bool:
    """Whether the first line is an object of the role, by the names of its fields.

    Files of Marquee's own have `item_id` and `user_id` too: Gorse's have labels, and no field of others.
    """
    with open_text(file) as opened:
        first = opened.text.readline(MOST_CHARACTERS)
    try:
        content = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(content, dict):
        return False
    names = {str(name).replace("_", "").lower() for name in content}
    if role == "feedback":
        return _NEEDED[role] <= names
    return _NEEDED[role] <= names <= _NEEDED[role] | _KNOWN[role]


def read_records(file: DataFile, shape: type[M], on_progress: OnProgress) -> Iterator[tuple[int, M | Reject]]:
    """(line, record or reject) of every line that is not blank.

    Raises:
        DataError: the file cannot be read.
    """
    step = f"Reading {file.name}"
    with readable(file), open_text(file) as opened:
        for line, text in enumerate(opened.text, start=1):
            if line % _LINES_A_STEP == 1:
                on_progress(step, opened.position(), opened.size)
            if text.strip():
                yield line, _record(file.name, line, text.rstrip("\r\n"), shape)
        on_progress(step, opened.size, opened.size)


def _record(name: str, line: int, text: str, shape: type[M]) -> M | Reject:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if any("\ud800" <= character <= "\udfff" for character in text):
            return Reject(name, line, "", shown(text), NOT_DECODABLE)
        return Reject(name, line, f"column {error.colno}", shown(text), f"not JSON: {error.msg}")
    if not isinstance(content, dict):
        return Reject(name, line, "", shown(text), NOT_AN_OBJECT)
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(map(str, fault["loc"]))
        value = text if fault["type"] == "missing" else str(fault["input"])
        reason = fault["msg"].removeprefix("Value error, ")
        return Reject(name, line, field, shown(value), reason)
