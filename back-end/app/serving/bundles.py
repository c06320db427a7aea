"""Model bundles on this machine: fetched once for all workers, verified, kept while the registry is away."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marquee.domain.errors import CorruptBundle, Unavailable
from marquee.models.bundle import Bundle
from marquee.stack.privileges import die_with_parent

KEPT = 4  # versions on disk: the one that serves, and those to roll back to
_FETCH_SECONDS = 300.0
_CORRUPT = CorruptBundle.exit_code


class BundleStore:
    """The folder `bundles/` of the state folder: one folder a version.

    Args:
        folder: made when it is not there.
        stopping: set when the worker ends; a fetch under way is given up then.
    """

    def __init__(self, folder: Path, stopping: threading.Event) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stopping = stopping

    def open(self, version: int) -> Bundle:
        """A version's bundle, verified: from this machine's disk where it is sound, else from the registry.

        The registry's client is large, so it runs in a process of its own; a damaged copy is replaced by it.

        Raises:
            CorruptBundle: the registry's bundle is not what its manifest says.
            Unavailable: there is no sound copy here and the registry cannot be reached.
        """
        path = self._folder / str(version)
        try:
            with self._one_worker_at_a_time(version):
                damage = _damage(path)
                if damage is not None:
                    self._fetch(version, path, damage)
        except OSError as error:
            raise Unavailable(f"{path} cannot be used: {error.strerror}.") from error
        return Bundle.open(path, verify=False)

    def open_copy(self, version: int) -> Bundle:
        """A version's bundle, verified, from this machine's disk alone.

        Raises:
            CorruptBundle: there is no copy, or it is damaged.
            Unavailable: the disk refuses.
        """
        path = self._folder / str(version)
        try:
            with self._one_worker_at_a_time(version):
                return Bundle.open(path)
        except OSError as error:
            raise Unavailable(f"{path} cannot be used: {error.strerror}.") from error

    def prune(self, keep: set[int]) -> None:
        """Delete the oldest versions, except some; a worker that maps their files may go on doing so."""
        others = {int(path.name) for path in self._folder.iterdir() if path.name.isdigit()} - keep
        for version in sorted(others, reverse=True)[max(0, KEPT - len(keep)) :]:
            shutil.rmtree(self._folder / str(version), ignore_errors=True)  # so may another worker

    @contextmanager
    def _one_worker_at_a_time(self, version: int) -> Iterator[None]:
        lock = os.open(self._folder / f".{version}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)  # frees the lock

    def _fetch(self, version: int, path: Path, damage: str) -> None:
        command = (sys.executable, "-P", "-m", "marquee.registry", "fetch", str(version), str(path))
        with subprocess.Popen(  # noqa: S603  the command is our own
            die_with_parent(command, "KILL"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        ) as child:
            said = self._outcome(child)
        if child.returncode == _CORRUPT:
            raise CorruptBundle(f"{damage} {said}")
        if child.returncode != 0:
            raise Unavailable(f"Version {version} cannot be fetched: {said}", hint=damage)

    def _outcome(self, child: "subprocess.Popen[str]") -> str:
        """What a child gave as its reason, in its last line; it is killed when it must not go on."""
        waited = 0.0
        while True:
            try:
                said = child.communicate(timeout=0.2)[1].strip().splitlines() or ["no reason given."]
                return said[-1].removeprefix("error: ")
            except subprocess.TimeoutExpired:
                waited += 0.2
                if self._stopping.is_set() or waited > _FETCH_SECONDS:
                    child.kill()


def _damage(path: Path) -> str | None:
    """What is wrong with a copy on disk; None when it is sound."""
    if not path.exists():
        return "There is no copy on this machine."
    try:
        Bundle.open(path)
    except CorruptBundle as error:
        return f"The copy on this machine is damaged: {error.message}"
    return None
