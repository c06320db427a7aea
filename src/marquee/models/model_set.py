"""The three models that serve together, and the catalogue they share."""

from dataclasses import dataclass

from marquee.domain.history import ItemIndex
from marquee.models.fallback import Fallback
from marquee.models.protocol import RatingModel, Scorer


@dataclass(frozen=True, eq=False)
class ModelSet:
    """What a recommender needs, wherever it comes from: just trained, or read from a bundle.

    Attributes:
        items: the catalogue; row r of every model is item `items.ids[r]`.
        rating: predicts stars.
        ranking: orders the catalogue.
        fallback: serves people and items that the ranking model knows nothing of.
        trained_through: the newest rating any of the models has seen, in seconds since 1970 UTC.
    """

    items: ItemIndex
    rating: RatingModel
    ranking: Scorer
    fallback: Fallback
    trained_through: int

    def __post_init__(self) -> None:
        for role, n_items in (
            ("rating", self.rating.n_items),
            ("ranking", self.ranking.n_items),
            ("fallback", self.fallback.n_items),
        ):
            if n_items != len(self.items):
                raise ValueError(f"the {role} model has {n_items} items, the catalogue {len(self.items)}")
