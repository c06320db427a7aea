"""The pyfunc flavour of a version: stars for pairs of user and item, in a notebook.

    mlflow.pyfunc.load_model("models:/marquee-recommender@champion").predict(DataFrame(user_id, item_id))

Ids are strings. In a notebook the model knows of people what the training knew, and predicts by the user
factors of that moment; the service folds a person's ratings of now into the item factors instead. So the
two differ somewhat, also for a person who has rated nothing since.

MLflow keeps this file's text with the version and runs it when the model is loaded ("models from code":
nothing is pickled). It needs `marquee` installed. The inference service reads the bundle and never runs this.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray

from marquee.domain.columns import ITEM, USER
from marquee.domain.errors import InvalidInput
from marquee.domain.history import UNKNOWN_ROW, History
from marquee.models.bundle import Bundle
from marquee.models.user_factors import UserFactors, read_user_factors


class StarsModel(PythonModel):
    """Predicts by the trained user factors, where serving folds a person's newest ratings in."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open and verify the bundle, and read the users' factors beside it."""
        self._bundle = Bundle.open(Path(context.artifacts["bundle"]))
        self._users = read_user_factors(Path(context.artifacts["user_factors"]))
        self._scale = (context.model_config["rating_min"], context.model_config["rating_max"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> NDArray[np.float32]:
        """Stars for each row's `user_id` and `item_id` (strings), shape (n,), clipped to the rating scale.

        A user that the training has not seen counts as an average one, and so does an item: the prediction
        falls back to the item's mean, the user's mean, or the mean of all ratings.

        Raises:
            InvalidInput: a row without a user or an item.
        """
        del context, params  # MLflow's signature; what they hold was read by load_context
        _require_ids(model_input)
        stars = np.empty(len(model_input), dtype=np.float32)
        rows = self._bundle.items.rows(model_input[ITEM])
        for user_id, places in model_input.groupby(USER, sort=False).indices.items():
            stars[places] = self._stars(self._users, str(user_id), rows[places])
        return stars.clip(*self._scale)

    def _stars(self, users: UserFactors, user_id: str, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        rating = self._bundle.rating
        state = users.state(user_id)
        if state is None:
            state = rating.fold_in(History.empty())
        stars = np.full(len(rows), rating.score_unknown(state), dtype=np.float32)
        known = rows != UNKNOWN_ROW
        stars[known] = rating.score(state, rows[known])
        return stars


def _require_ids(model_input: pd.DataFrame) -> None:
    for name in (USER, ITEM):
        missing = np.flatnonzero(model_input[name].isna().to_numpy())
        if len(missing):
            raise InvalidInput(
                f"{len(missing):,} of {len(model_input):,} rows have no {name}, the first of them row "
                f"{missing[0]}.",
                hint="Leave them out: dropna().",
            )


mlflow.models.set_model(StarsModel())
