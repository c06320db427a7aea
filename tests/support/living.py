"""A platform that lives: inference service, retraining service, MLflow, Postgres, and people who browse."""

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from marquee.stack.ports import free_port
from marquee.store import keys
from tests.support.platform import Platform
from tests.support.service import eventually, started_at

PAUSE = 0.05  # between the visits of one browser


@dataclass
class Living:
    """The services of one platform; `url` is that of the inference service."""

    platform: Platform
    folder: Path
    url: str
    key: str
    _retraining: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
            trust_env=False,
        )

    def get(self, path: str) -> Any:
        with self.client() as client:
            return client.get(path).raise_for_status().json()

    def post(self, path: str, **body: Any) -> httpx.Response:
        with self.client() as client:
            return client.post(path, json=body)

    @property
    def champion(self) -> int | None:
        champion = self.get("/deployment")["champion"]
        return None if champion is None else int(champion["version"])

    def state(self, version: int) -> str:
        return str(self.get(f"/models/{version}")["state"])

    def newest(self) -> int:
        """The newest version's number."""
        return max((int(each["version"]) for each in self.get("/models")["versions"]), default=0)

    def rollout(self, number: int) -> dict[str, Any]:
        return dict(self.get(f"/rollouts/{number}"))

    def start_retraining(self) -> None:
        """Begin a retraining service, as the supervisor does when one has ended."""
        with (self.folder / "retraining.log").open("ab") as output:
            self._retraining = subprocess.Popen(
                [sys.executable, "-P", "-m", "retraining"],
                env={**self.platform.environment, "MARQUEE_RETRAINING_PORT": str(free_port())},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill_retraining(self) -> None:
        """`kill -9`, and another one begins."""
        self.stop_retraining(signal.SIGKILL)
        self.start_retraining()

    def stop_retraining(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._retraining is not None:
            self._retraining.send_signal(number)
            self._retraining.wait(30)

    def train(self, reason: str, *, kill: bool) -> int:
        """Ask for a training; the version that comes of it.

        Args:
            kill: end the retraining service by `kill -9` in the middle.
        """
        before = self.newest()
        self.post("/jobs/retraining/runs", reason=reason).raise_for_status()
        if kill:
            eventually(lambda: self._runs("running") > 0, within=150, what="the training")
            self.kill_retraining()
        eventually(lambda: self.newest() > before, within=300, what=f"a version ({reason})")
        return self.newest()

    def _runs(self, state: str) -> int:
        return sum(run["state"] == state for run in self.get("/jobs")["runs"])

    def said(self) -> str:
        """The end of the retraining service's log."""
        return (self.folder / "retraining.log").read_text(encoding="utf-8")[-4000:]


@contextlib.contextmanager
def living(platform: Platform, folder: Path) -> Iterator[Living]:
    """Start the services beside a platform's database and MLflow server."""
    with platform.engine.begin() as connection:
        key = keys.create(connection, "test", ["read", "write", "operate"])
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **platform.environment,
        "MARQUEE_PORT": str(port),
        "MARQUEE_WORKERS": "1",
        "MARQUEE_FRONT_END_DIR": str(folder / "pages"),
    }
    with started_at(folder, url, environment):
        lives = Living(platform, folder, url, key)
        lives.start_retraining()
        try:
            yield lives
        finally:
            lives.stop_retraining(signal.SIGKILL)


class Crowd:
    """People who ask for a list of three now and then, and click on what they like, as far as they find it.

    Args:
        people: their ids.
        likes: whether somebody likes an item.
        browsers: how many of them visit at once.
    """

    def __init__(
        self, lives: Living, people: Sequence[str], likes: Callable[[str, str], bool], *, browsers: int = 3
    ) -> None:
        self._lives, self._people, self._likes = lives, people, likes
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._browse, args=(seed,)) for seed in range(browsers)]
        self.lists: dict[str, int] = {"champion": 0, "challenger": 0}
        self.failed: list[str] = []

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _browse(self, seed: int) -> None:
        random_ = random.Random(seed)  # noqa: S311 - who visits next is no secret
        with self._lives.client() as client:
            while not self._stopping.is_set():
                try:
                    self._visit(client, random_)
                except (httpx.HTTPError, KeyError) as error:
                    self.failed.append(repr(error))
                time.sleep(PAUSE)

    def _visit(self, client: httpx.Client, random_: random.Random) -> None:
        person = random_.choice(self._people)
        path = f"/users/{quote(person, safe='')}/recommendations"
        shown = client.get(path, params={"n": 3}).raise_for_status().json()
        self.lists[shown["variant"]] += 1
        liked = [item["item_id"] for item in shown["items"] if self._likes(person, item["item_id"])]
        if liked and random_.random() < 0.8:
            click = {
                "event_id": str(uuid.uuid4()),
                "kind": "click",
                "user_id": person,
                "item_id": liked[0],
                "token": shown["token"],
            }
            client.post("/events", json={"events": [click]}).raise_for_status()
