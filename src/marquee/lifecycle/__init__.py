"""The life of a model version: its states, its number, its way to champion and back."""

from marquee.lifecycle.judgement import judge_within
from marquee.lifecycle.mirror import Mirroring, mirror, mirror_tags
from marquee.lifecycle.promotion import promote, promote_within, rollback
from marquee.lifecycle.semantic_version import next_semantic_version

__all__ = [
    "Mirroring",
    "judge_within",
    "mirror",
    "mirror_tags",
    "next_semantic_version",
    "promote",
    "promote_within",
    "rollback",
]
