"""The card of a version, from what is recorded of it."""

from sqlalchemy import Connection

from marquee.domain.clock import Clock, system_clock
from marquee.lifecycle.artifacts import local_manifest
from marquee.reporting.card import Card
from marquee.settings import Settings
from marquee.settings.card import load_card_words
from marquee.store import audit, deployment, reviews, rollouts, snapshots, versions
from marquee.store.deployment import Deployment
from marquee.store.versions import ModelVersion


def card_of(connection: Connection, version: int, settings: Settings, *, clock: Clock = system_clock) -> Card:
    """Everything that is known of a version now.

    Raises:
        NotFound: there is no such version.
        ConfigurationError: card.yaml is wrong.
    """
    found = versions.get(connection, version)
    return Card(
        version=found,
        serves=_role(version, deployment.get(connection)),
        snapshot=snapshots.get(connection, found.snapshot),
        words=load_card_words(settings.configs_dir / "card.yaml"),
        reviews=tuple(reviews.of_version(connection, version)),
        rollouts=tuple(
            (rollout, tuple(rollouts.steps(connection, rollout.rollout_id)))
            for rollout in rollouts.of_version(connection, version)
        ),
        relatives=tuple(other for other in versions.list_all(connection) if _is_related(other, found)),
        history=tuple(audit.of_subject(connection, f"version {version}")),
        manifest=local_manifest(settings, version),
        audit_head=audit.head(connection),
        audit_rows=audit.count(connection),
        written_at=clock(),
    )


def _role(version: int, now: Deployment) -> str:
    return {now.challenger: "challenger", now.champion: "champion"}.get(version, "")


def _is_related(other: ModelVersion, found: ModelVersion) -> bool:
    recipe = (other.algorithms, other.hyperparameters) == (found.algorithms, found.hyperparameters)
    return other.version != found.version and (recipe or other.snapshot == found.snapshot)
