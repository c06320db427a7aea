"""A DVC repository of folders named by their content, with a remote beside it."""

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from marquee.domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from dvc.repo import Repo

REMOTE = "store"


class DvcStore:
    """Folders kept by DVC under `root`, which becomes a repository (without git) when the first one comes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, name: str, write: Callable[[Path], None]) -> Path:
        """Keep a folder under `name`, unless one is; returns its path.

        Args:
            name: stands for the content: the same name means the same content.
            write: fills an empty folder; called only when the name is new.

        Raises:
            Unavailable: the store cannot be written. What `write` raises goes through.
        """
        folder = self._root / name
        tracked = [f"{folder}.dvc"]
        with self._repository() as repository:
            if Path(tracked[0]).exists():
                repository.pull(targets=tracked, force=True)
            else:
                self._write_new(folder, write)
                repository.add(str(folder))
            repository.push(targets=tracked)
        return folder

    def bring_back(self, name: str) -> Path:
        """The folder kept under `name`, from the remote where it was lost; returns its path.

        Raises:
            NotFound: nothing was ever kept under this name.
            Unavailable: the store cannot be read, or has lost it.
        """
        folder = self._root / name
        tracked = f"{folder}.dvc"
        if not Path(tracked).exists():
            raise NotFound(
                f"No snapshot {name} is kept in {self._root}.",
                hint="They stay where their model was trained: bring snapshots/ of that state folder here.",
            )
        with self._repository() as repository:
            repository.pull(targets=[tracked], force=True)
        return folder

    def _write_new(self, folder: Path, write: Callable[[Path], None]) -> None:
        part = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of a training that was killed
        shutil.rmtree(folder, ignore_errors=True)  # written, but DVC did not get to know of it
        part.mkdir(parents=True)
        try:
            write(part)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)  # gone already if all went well

    @contextmanager
    def _repository(self) -> Iterator["Repo"]:
        os.environ.update(DVC_NO_ANALYTICS="true", DO_NOT_TRACK="1")
        # DVC's own place for this is shared by all users of the machine, and read-only in a container.
        os.environ["DVC_SITE_CACHE_DIR"] = str(self._root / ".dvc" / "site")
        from dvc.exceptions import DvcException  # takes a second: only who trains pays for it
        from dvc.repo import Repo

        logging.getLogger("dvc").setLevel(logging.ERROR)
        try:
            if not (self._root / ".dvc" / "config").exists():
                self._root.mkdir(parents=True, exist_ok=True)
                Repo.init(str(self._root), no_scm=True, force=True).close()
            with Repo(str(self._root)) as repository:
                self._configure(repository)
                yield repository
        except (DvcException, OSError, sqlite3.Error) as error:  # SQLite: its cache of hashes
            raise Unavailable(
                f"The snapshots in {self._root} cannot be used: {' '.join(str(error).split())}.",
                hint="Make room on the disk, and see that the folder is this user's.",
            ) from error

    def _configure(self, repository: "Repo") -> None:
        here = str(self._root / REMOTE)
        if repository.config["remote"].get(REMOTE, {}).get("url") == here:  # else new, or moved here
            return
        with repository.config.edit("repo") as config:
            config["core"]["analytics"] = False
            config["core"]["remote"] = REMOTE
            config["core"]["autostage"] = False
            config["remote"][REMOTE] = {"url": here}
            config["cache"]["type"] = "hardlink,copy"  # the readable copy costs no room
