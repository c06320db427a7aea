"""A version that the judge, or a person, sent back: nothing takes it up again by itself."""

from sqlalchemy import Connection

from marquee.domain.errors import Conflict
from marquee.domain.words import check_reason
from marquee.settings.policy import Preset
from marquee.store import alerts, versions
from marquee.store.versions import ModelVersion


def note_sent_back(connection: Connection, version: int, by: str) -> None:
    """Remember what sent a version back; open alerts offer it no more.

    Args:
        by: such as `by rollout 3: its lists failed.`
    """
    versions.set_sent_back(connection, version, by)
    alerts.withdraw_offers(connection, version)


def check_restart(found: ModelVersion, name: str, preset: Preset, reason: str) -> None:
    """A version that was sent back may be tried again only by comparison, and for a reason.

    Raises:
        InvalidInput: no reason is given.
        Conflict: the preset compares nothing.
    """
    if found.sent_back is None:
        return
    check_reason(reason)
    if not preset.steps:
        raise Conflict(
            f"Version {found.version} was sent back {found.sent_back} The preset {name!r} would make it the "
            "champion without a comparison.",
            hint="Choose a preset that has steps, such as canary.",
        )
