"""The ranking models that may stand alone or be part of a blend, by the names that manifests use."""

from collections.abc import Mapping

from marquee.models.ease import Ease
from marquee.models.popularity import Popularity
from marquee.models.protocol import Scorer

COMPONENTS: Mapping[str, type[Scorer]] = {model.algorithm: model for model in (Ease, Popularity)}
