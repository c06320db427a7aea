"""The models that serve together, and the catalogue they share."""

from dataclasses import dataclass

from marquee.domain.history import ItemIndex
from marquee.models.fallback import Fallback
from marquee.models.features import Vocabulary
from marquee.models.interval import StarsInterval
from marquee.models.protocol import RatingModel, Scorer

NO_FEATURES = Vocabulary(())


@dataclass(frozen=True, eq=False)
class ModelSet:
    """What a recommender needs, wherever it comes from: just trained, or read from a bundle.

    Attributes:
        items: the catalogue; row r of every model is item `items.ids[r]`.
        rating: predicts stars.
        ranking: orders the catalogue.
        fallback: serves people and items that the ranking model knows nothing of.
        trained_through: the newest rating any of the models has seen, in seconds since 1970 UTC.
        interval: how far from the predicted stars the true ones may lie; None where that was not measured.
        item_vocabulary, user_vocabulary: what the models' features of items and people are called.
    """

    items: ItemIndex
    rating: RatingModel
    ranking: Scorer
    fallback: Fallback
    trained_through: int
    interval: StarsInterval | None = None
    item_vocabulary: Vocabulary = NO_FEATURES
    user_vocabulary: Vocabulary = NO_FEATURES

    def __post_init__(self) -> None:
        for role, n_items in (
            ("rating", self.rating.n_items),
            ("ranking", self.ranking.n_items),
            ("fallback", self.fallback.n_items),
        ):
            if n_items != len(self.items):
                raise ValueError(f"the {role} model has {n_items} items, the catalogue {len(self.items)}")
