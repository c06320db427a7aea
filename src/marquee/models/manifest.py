"""A bundle's manifest: what the models are, what they were trained on, and the hash of every file."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from marquee.domain.errors import CorruptBundle

SCHEMA_VERSION = 2
MANIFEST = "manifest.json"
LIBRARIES = ("numpy", "scipy", "scikit-surprise")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# A plain name: a manifest cannot point outside its folder.
FileName = Annotated[str, Field(pattern=r"^[a-z0-9_][a-z0-9_.]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Algorithms(_Part):
    """The models of a bundle, by their names in `marquee.models.algorithms`."""

    rating: str
    ranking: str


class Facts(_Part):
    """What the trainer knows of a bundle; `write_bundle` adds the rest.

    Attributes:
        hyperparameters: by role ("rating", "ranking"), each with its algorithm's own names.
        seed: of every random choice.
        snapshot_hash: of the sorted ratings trained on.
        created_at: when; None leaves the manifest the same for the same models.
        code_version: of marquee.
        metrics: figures of the recipe on the temporal split, as `Report.to_dict` gives them.
    """

    hyperparameters: dict[str, dict[str, JsonValue]]
    seed: int
    snapshot_hash: str
    n_users: Annotated[int, Field(ge=0)]
    n_ratings: Annotated[int, Field(ge=0)]
    created_at: AwareDatetime | None = None
    code_version: str = Field(default_factory=lambda: version("marquee"))
    metrics: dict[str, JsonValue] = {}


class Manifest(Facts):
    """`manifest.json`.

    Attributes:
        schema_version: of the bundle's layout; another one is refused.
        algorithms: which models these are.
        hyperparameters_hash: `hash_of(hyperparameters)`.
        trained_through: the newest rating seen, in seconds since 1970 UTC.
        libraries: versions of those that computed the arrays.
        files: SHA-256 by name of every file in the folder but this one.
    """

    schema_version: Literal[2] = 2
    algorithms: Algorithms
    hyperparameters_hash: Sha256
    trained_through: int
    n_items: Annotated[int, Field(ge=1)]
    libraries: dict[str, str]
    files: dict[FileName, Sha256]


def hash_of(value: JsonValue | Mapping[str, JsonValue] | Mapping[str, dict[str, JsonValue]]) -> str:
    """SHA-256 of a JSON value, the same whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of the libraries that compute models."""
    return {name: version(name) for name in LIBRARIES}


def to_bytes(manifest: Manifest) -> bytes:
    """The manifest as it stands on disk: sorted, indented, UTF-8."""
    content = manifest.model_dump(mode="json")
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json`.

    Raises:
        CorruptBundle: missing, not JSON, of another schema version, or with wrong or unknown fields.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CorruptBundle(f"{path} cannot be read ({error.strerror}).", hint=_FETCH_AGAIN) from error
    except ValueError as error:
        raise CorruptBundle(f"{path} is not JSON.", hint=_FETCH_AGAIN) from error
    schema = content.get("schema_version") if isinstance(content, dict) else None
    if schema != SCHEMA_VERSION:
        raise CorruptBundle(
            f"{path} has schema version {schema!r}; this program reads {SCHEMA_VERSION}.",
            hint="Use the program that wrote the bundle, or train again.",
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise CorruptBundle(f"{path}: {place}: {first['msg']}.", hint=_FETCH_AGAIN) from error


_FETCH_AGAIN = "Delete the folder and fetch the version again, or roll back to another."
