"""New data for a recipe: what the policy may take further than other versions."""

from sqlalchemy import Connection

from marquee.lifecycle.semantic_version import SemanticVersion
from marquee.store import versions
from marquee.store.versions import ModelVersion


def is_patch(connection: Connection, version: int, champion: int) -> bool:
    """Whether a version was trained here, by the champion's own recipe: MAJOR.MINOR are the same.

    An imported bundle shares a number with its like, but nobody knows how it was made.
    """
    ours, theirs = (versions.get(connection, one) for one in (version, champion))
    same = (
        SemanticVersion.parse(ours.semantic_version)[:2] == SemanticVersion.parse(theirs.semantic_version)[:2]
    )
    return same and not _is_imported(ours)


def has_newer_data(connection: Connection, version: int, champion: int) -> bool:
    """Whether a version has learnt from ratings that the champion has not."""
    ours, theirs = (versions.get(connection, one) for one in (version, champion))
    return ours.trained_through > theirs.trained_through


def _is_imported(version: ModelVersion) -> bool:
    return version.facts.get("origin") == "imported"
