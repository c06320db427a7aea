"""The ranking models that may stand alone or be part of a blend, by the names that manifests use."""

from collections.abc import Mapping

from marquee.models.content import Content
from marquee.models.ease import Ease
from marquee.models.ials import Ials
from marquee.models.item_knn import ItemKnn
from marquee.models.popularity import Popularity
from marquee.models.protocol import Scorer
from marquee.models.vae import Vae

COMPONENTS: Mapping[str, type[Scorer]] = {
    model.algorithm: model for model in (Ease, Ials, ItemKnn, Content, Vae, Popularity)
}
