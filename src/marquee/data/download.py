"""A zip archive from the web, and the files that are wanted out of it."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from marquee.data.progress import OnProgress
from marquee.domain.errors import DataError, Unavailable

MOST_BYTES = 100 * 2**20
TIMEOUT = httpx.Timeout(15.0, connect=5.0)  # seconds
ATTEMPTS = 3
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip archive at `url`; `wanted` are base names of files in it."""

    url: str
    wanted: Sequence[str]

    @property
    def name(self) -> str:
        return self.url

    def bring(self, folder: Path, on_progress: OnProgress) -> dict[str, str]:
        """Download and unpack into a folder.

        Returns:
            SHA-256 of each wanted file, as it is in the archive.

        Raises:
            Unavailable: out of reach, after three attempts where another one may help.
            DataError: no archive, or one without the files.
        """
        path = folder / "archive.zip"
        try:
            for attempt in _attempts():
                with attempt:
                    _download(self.url, path, on_progress)
        except httpx.HTTPStatusError as error:
            raise Unavailable(f"it answers {error.response.status_code}.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"out of reach ({str(error) or type(error).__name__}).") from error
        try:
            return _unpack(path, self.wanted, folder)
        finally:
            path.unlink()


def _attempts() -> Retrying:
    return Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(0.5, max=4),
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx.TransportError)


def _download(url: str, path: Path, on_progress: OnProgress) -> None:
    step, done = f"Downloading {url.rsplit('/', 1)[-1]}", 0
    with (
        httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=True) as response,
        path.open("wb") as file,
    ):
        response.raise_for_status()
        total = int(response.headers.get("content-length", 0)) or None
        for block in response.iter_bytes(_BLOCK):
            done += len(block)
            if done > MOST_BYTES:
                raise DataError(f"more than {MOST_BYTES // 2**20} MB came, which is not the data set.")
            file.write(block)
            on_progress(step, done, total)


def _unpack(path: Path, wanted: Sequence[str], folder: Path) -> dict[str, str]:
    hashes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(name).name: name for name in archive.namelist()}
            for name in wanted:
                content = archive.read(members[name])
                (folder / name).write_bytes(content)
                hashes[name] = hashlib.sha256(content).hexdigest()
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataError(f"what came is not the archive ({error}).") from error
    return hashes
