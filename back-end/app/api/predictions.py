"""Predicted stars."""

import orjson

from app.api.routing import CHANGING, JsonBytes, router
from app.api.schemas.lists import PredictionRequest, Predictions
from app.dependencies import CallerDep, WorkerDep
from app.security.callers import Level
from app.serving.predictions import Pair, predict

routes = router("recommendations")


@routes.post("/predictions", response_model=Predictions, responses=CHANGING, operation_id="predict")
async def predict_stars(body: PredictionRequest, worker: WorkerDep, caller: CallerDep) -> JsonBytes:
    """The stars that people would give to items. Viewers may ask for their own.

    Hidden items are there for keys and operators that may write.
    """
    for user_id in {pair.user_id for pair in body.pairs}:
        caller.require_person(user_id, Level.READ)

    pairs = [Pair(pair.user_id, pair.item_id) for pair in body.pairs]

    def make() -> bytes:
        version, predicted = predict(worker, pairs, of_hidden=caller.level >= Level.WRITE)
        return orjson.dumps(
            {"model_version": version, "predictions": [stars._asdict() for stars in predicted]}
        )

    return JsonBytes(await worker.batches.run(make))
