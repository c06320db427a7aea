"""MLflow's aliases and tags follow Postgres, which holds the truth; what is moved by hand is put back."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine

from marquee.domain.errors import NotFound
from marquee.registry.client import CHALLENGER_ALIAS, CHAMPION_ALIAS, RegistryClient
from marquee.store import alerts, audit, deployment, versions
from marquee.store.deployment import Deployment

STATE_TAG, NUMBER_TAG = "state", "semantic_version"
ALIAS_MOVED = "alias moved"


class Mirroring(Enum):
    """What `mirror` found."""

    NOTHING = "nothing is deployed"
    IN_STEP = "the aliases are where they should be"
    MOVED = "the aliases followed a change of the deployment"
    RESTORED = "an alias had been moved by hand and was put back"
    OVERTAKEN = "the deployment changed meanwhile; the next look sees to it"


def mirror(engine: Engine, registry: RegistryClient) -> Mirroring:
    """Bring the aliases in step with the deployment; safe to repeat.

    The deployment remembers what was mirrored last. So an alias that merely lags behind (a crash between the
    two) is told apart from one that somebody moved in MLflow: that is put back, audited, and an alert offers
    a rollout of the version that it pointed at.

    Raises:
        Unavailable: the registry is away; the next call does what this one could not.
    """
    with engine.connect() as connection:
        now = deployment.get(connection)
    if now.champion is None:
        return Mirroring.NOTHING
    found = registry.aliases()
    with engine.connect() as connection:
        if deployment.get(connection) != now:  # what was found may be another process's doing
            return Mirroring.OVERTAKEN
    by_hand = [alias for alias in _ALIASES if _is_by_hand(alias, found.get(alias), now)]
    astray = [alias for alias in _ALIASES if found.get(alias) != _wanted(alias, now)]
    if not astray and all(_mirrored(alias, now) == _wanted(alias, now) for alias in _ALIASES):
        return Mirroring.IN_STEP
    if by_hand and not _recorded(engine, by_hand, found, now):
        return Mirroring.OVERTAKEN
    for alias in astray:
        registry.set_alias(alias, _wanted(alias, now))
    with engine.begin() as connection:
        deployment.set_mirrored(connection, champion=now.champion, challenger=now.challenger)
    return Mirroring.RESTORED if by_hand else Mirroring.MOVED


def mirror_tags(engine: Engine, registry: RegistryClient) -> int:
    """Write each version's state and number on it where MLflow says otherwise; returns how many were wrong.

    Raises:
        Unavailable: the registry is away.
    """
    with engine.connect() as connection:
        known = versions.list_all(connection)
    found, written = registry.tags(), 0
    for version in known:
        wanted = {STATE_TAG: version.state, NUMBER_TAG: version.semantic_version}
        for name, value in wanted.items():
            if version.version in found and found[version.version].get(name) != value:
                registry.set_tag(version.version, name, value)
                written += 1
    return written


_ALIASES = (CHAMPION_ALIAS, CHALLENGER_ALIAS)


def _wanted(alias: str, now: Deployment) -> int | None:
    return now.champion if alias == CHAMPION_ALIAS else now.challenger


def _mirrored(alias: str, now: Deployment) -> int | None:
    return now.mirrored if alias == CHAMPION_ALIAS else now.mirrored_challenger


def _is_by_hand(alias: str, found: int | None, now: Deployment) -> bool:
    """Neither where the platform last put it, nor where it is about to; unknown before the first time."""
    return now.mirrored is not None and found not in (_wanted(alias, now), _mirrored(alias, now))


def _recorded(engine: Engine, by_hand: Sequence[str], found: Mapping[str, int], now: Deployment) -> bool:
    """Audit what was moved by hand, and tell people; False when the deployment has changed meanwhile.

    This comes before the alias is put back: afterwards nothing would be left to show that it was moved.
    """
    with engine.begin() as connection:
        audit.lock(connection)
        if deployment.get(connection) != now:
            return False
        for alias in by_hand:
            _record(connection, alias, found.get(alias), _wanted(alias, now))
    return True


def _record(connection: Connection, alias: str, found: int | None, wanted: int | None) -> None:
    points = "taken away" if found is None else f"pointed at version {found}"
    back = "taken away again: there was none" if wanted is None else f"put back to version {wanted}"
    audit.append(
        connection,
        actor="mirror",
        action="restore alias",
        subject=f"alias {alias}" if wanted is None else f"version {wanted}",
        reason=f"The alias `{alias}` had been moved in MLflow; Postgres says which version serves.",
        evidence={"alias": alias, "found": found},
    )
    offer, advice = (None, "") if found is None else _offer(connection, found)
    alerts.raise_alert(
        connection,
        kind=ALIAS_MOVED,
        subject=f"alias {alias}" if found is None else f"version {found}",
        message=f"The alias `{alias}` was {points} in MLflow. It is {back}.{advice}",
        offer=offer,
    )


def _offer(connection: Connection, version: int) -> tuple[dict[str, Any] | None, str]:
    """A rollout of the version, or what it lacks for one."""
    try:
        known = versions.get(connection, version)
    except NotFound:
        return (
            None,
            f" Version {version} is not known to the platform: `marquee models register` makes it so.",
        )
    now = deployment.get(connection)
    if version in (now.champion, now.challenger):
        return None, ""
    if known.sent_back is not None:
        return None, f" Version {version} was sent back {known.sent_back}"
    if known.state != "approved":
        return (
            None,
            f" Version {version} is {known.state}, and only an approved one can be rolled out.",
        )
    return {
        "action": "rollout",
        "version": version,
    }, f" Version {version} is approved: a rollout would try it."
