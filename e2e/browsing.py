"""What every browser test holds in its hands: where the platform is, and what the browser complains of."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Error, Page

CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Platform:
    """What a person needs to use a running Marquee."""

    url: str
    operator_password: str


@dataclass
class Console:
    """What the browser complained about."""

    complaints: list[str] = field(default_factory=list)
    # The machine's network changed (a container came or went): the browser fetches again.
    _expected: list[re.Pattern[str]] = field(default_factory=lambda: [re.compile("ERR_NETWORK_CHANGED")])

    def expect(self, pattern: str) -> None:
        """Allow complaints that match: the test means to cause them."""
        self._expected.append(re.compile(pattern))

    def watch(self, page: Page) -> None:
        page.on("console", self._on_message)
        page.on("pageerror", self._on_exception)

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(p.search(text) for p in self._expected)]

    def _on_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_exception(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")
