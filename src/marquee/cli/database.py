"""The platform's database, for commands."""

from typing import TYPE_CHECKING

from marquee.domain.errors import ConfigurationError
from marquee.settings import Settings, load_settings

if TYPE_CHECKING:  # at run time it comes with the command: `--help` has no use for it
    from sqlalchemy import Engine


def open_database(settings: Settings | None = None) -> "Engine":
    """The database of the platform that the settings mean.

    Raises:
        ConfigurationError: it is the embedded one, and that does not run.
    """
    from marquee.store.engine import connect

    settings = settings or load_settings()
    require_running(settings)
    return connect(settings.database(), application_name="marquee-cli")


def require_running(settings: Settings) -> None:
    """Raise ConfigurationError where a platform was killed: what it said of itself is still there."""
    from marquee.stack.home import is_held

    if settings.database_url is None and settings.stack_file.exists() and not is_held(settings.home):
        raise ConfigurationError(
            f"The platform with its state in {settings.home} does not run: it ended without a word.",
            hint="`make up` starts it.",
        )
