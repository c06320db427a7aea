"""Which class reads the arrays of which algorithm: the names that manifests use."""

from collections.abc import Mapping

from marquee.models.biases import Biases
from marquee.models.content import Content
from marquee.models.ease import Ease
from marquee.models.ials import Ials
from marquee.models.item_knn import ItemKnn
from marquee.models.popularity import Popularity
from marquee.models.protocol import RatingModel, Scorer
from marquee.models.svd import Svd
from marquee.models.vae import Vae

RATING_MODELS: Mapping[str, type[RatingModel]] = {model.algorithm: model for model in (Svd, Biases)}
RANKING_MODELS: Mapping[str, type[Scorer]] = {
    model.algorithm: model for model in (Ease, Popularity, Content, ItemKnn, Ials, Vae)
}
