"""MLflow's REST interface: versions, aliases and files, each in one request."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from marquee.domain.errors import CorruptBundle, NotFound, Unavailable, Unreachable
from marquee.settings import MlflowConnection

MODEL_NAME = "marquee-recommender"
CHAMPION_ALIAS = "champion"
CHALLENGER_ALIAS = "challenger"

_API = "/api/2.0/mlflow"
_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_PROXIED = "mlflow-artifacts:/"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class RegistryVersion:
    """A registered version: its MLflow run, and the folder of its model on the artifact server."""

    version: int
    run_id: str
    artifacts: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the artifact server; `name` is its path below the folder that was asked for."""

    name: str
    path: str
    size: int


class RegistryClient:
    """A connection to the registry; use it as a context manager.

    Every method raises `Unavailable` when the server cannot be reached, does not answer in time, refuses the
    account or fails, and `NotFound` when it has no such thing.

    Args:
        patience: how many seconds the server may be silent.
    """

    def __init__(self, connection: MlflowConnection, *, patience: float = 20.0) -> None:
        self._url = connection.url.rstrip("/")
        self._http = httpx.Client(
            base_url=self._url,
            auth=(connection.username, connection.password),
            timeout=httpx.Timeout(patience, connect=min(patience, 3.0)),
            trust_env=False,  # a proxy for the internet does not reach the platform's own server
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ping(self) -> None:
        """Check that the server answers and knows the account."""
        self._call("GET", f"{_API}/registered-models/search", params={"max_results": 1})

    def version(self, version: int) -> RegistryVersion:
        """Look up one version of the platform's model."""
        query = {"name": MODEL_NAME, "version": str(version)}
        found = self._call("GET", f"{_API}/model-versions/get", params=query)["model_version"]
        location = self._call("GET", f"{_API}/model-versions/get-download-uri", params=query)["artifact_uri"]
        if not location.startswith(_PROXIED):
            raise Unavailable(
                f"Version {version} keeps its files at {location}, not on the MLflow server.",
                hint="Register models through the platform's own MLflow server.",
            )
        return RegistryVersion(version, found.get("run_id", ""), location.removeprefix(_PROXIED).lstrip("/"))

    def champion(self) -> int | None:
        """The version that the alias `champion` points at; None when it points nowhere."""
        return self.aliases().get(CHAMPION_ALIAS)

    def aliases(self) -> dict[str, int]:
        """The versions that the aliases of the platform's model point at."""
        # Not the call for one alias: an alias that is not there is a 400 to it, like any wrong request.
        try:
            found = self._call("GET", f"{_API}/registered-models/get", params={"name": MODEL_NAME})
        except NotFound:
            return {}
        entries = found["registered_model"].get("aliases", [])
        return {entry["alias"]: int(entry["version"]) for entry in entries}

    def set_champion(self, version: int) -> None:
        """Point the alias `champion` at a version."""
        self.set_alias(CHAMPION_ALIAS, version)

    def set_alias(self, alias: str, version: int | None) -> None:
        """Point an alias at a version; None: at nothing, if it points anywhere."""
        body = {"name": MODEL_NAME, "alias": alias}
        if version is None:
            self._call("DELETE", f"{_API}/registered-models/alias", json=body)
        else:
            self._call("POST", f"{_API}/registered-models/alias", json={**body, "version": str(version)})

    def tags(self) -> dict[int, dict[str, str]]:
        """The tags of every version of the platform's model."""
        query = {"filter": f"name='{MODEL_NAME}'", "max_results": "1000"}
        found: dict[int, dict[str, str]] = {}
        while True:
            page = self._call("GET", f"{_API}/model-versions/search", params=query)
            for entry in page.get("model_versions", []):
                tags = {tag["key"]: tag["value"] for tag in entry.get("tags", [])}
                found[int(entry["version"])] = tags
            token = page.get("next_page_token")
            if not token:
                return found
            query["page_token"] = token

    def set_tag(self, version: int, name: str, value: str) -> None:
        """Write a tag of a version, over the one before."""
        body = {"name": MODEL_NAME, "version": str(version), "key": name, "value": value}
        self._call("POST", f"{_API}/model-versions/set-tag", json=body)

    def delete_version(self, version: int) -> None:
        """Take a version out of the registry; its run stays."""
        body = {"name": MODEL_NAME, "version": str(version)}
        self._call("DELETE", f"{_API}/model-versions/delete", json=body)

    def files(self, folder: str) -> Iterator[StoredFile]:
        """All files below a folder of the artifact server.

        Raises:
            CorruptBundle: a name would lead out of the folder.
        """
        yield from self._files(folder, PurePosixPath())

    def _files(self, folder: str, below: PurePosixPath) -> Iterator[StoredFile]:
        listing = self._call("GET", _ARTIFACTS, params={"path": str(folder / below)})
        for entry in listing.get("files", []):
            name = str(entry["path"])
            if name in ("", ".", "..") or "/" in name or "\\" in name:
                raise CorruptBundle(f"The registry lists a file named {name!r} in {folder}.")
            if entry.get("is_dir"):
                yield from self._files(folder, below / name)
            else:
                path = below / name
                yield StoredFile(str(path), str(folder / path), int(entry.get("file_size", 0)))

    def download(self, file: StoredFile, target: Path) -> None:
        """Write one file of the artifact server to disk, in pieces; OSError when the disk refuses."""
        with self._answered(), self._http.stream("GET", f"{_ARTIFACTS}/{quote(file.path)}") as response:
            if response.is_error:
                response.read()
            self._check(response)
            with target.open("wb") as output:
                for piece in response.iter_bytes(_CHUNK):
                    output.write(piece)

    def _call(self, method: str, path: str, **request: Any) -> Mapping[str, Any]:
        with self._answered():
            response = self._http.request(method, path, **request)
        self._check(response)
        try:
            answer: Mapping[str, Any] = response.json()
        except ValueError as error:
            raise Unavailable(f"What answers at {self._url} is not an MLflow server.") from error
        return answer

    @contextmanager
    def _answered(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(
                f"The MLflow server at {self._url} cannot be reached: {reason}.",
                hint="See that it runs: `marquee doctor`.",
            ) from error

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        if response.status_code in (401, 403):
            raise Unavailable(
                f"The MLflow server at {self._url} refuses the platform's account ({response.status_code}).",
                hint="The secret mlflow_password must be the one that the server was started with.",
            )
        message = f"The MLflow server answered {response.status_code}: {_reason(response)}"
        raise NotFound(message) if response.status_code == 404 else Unavailable(message)


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join(response.text[:200].split()) or response.reason_phrase
