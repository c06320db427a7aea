"""Which class reads the arrays of which algorithm: the names that manifests use."""

from collections.abc import Mapping

from marquee.models.bayes_svdpp import BayesSvdpp
from marquee.models.biases import Biases
from marquee.models.blend import Blend
from marquee.models.components import COMPONENTS
from marquee.models.protocol import RatingModel, Scorer
from marquee.models.svd import Svd

RATING_MODELS: Mapping[str, type[RatingModel]] = {
    model.algorithm: model for model in (Svd, BayesSvdpp, Biases)
}
RANKING_MODELS: Mapping[str, type[Scorer]] = {**COMPONENTS, Blend.algorithm: Blend}
