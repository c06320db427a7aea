"""Predicted stars."""

from app.api.routing import CHANGING, router
from app.api.schemas.lists import Prediction, PredictionRequest, Predictions
from app.dependencies import CallerDep, WorkerDep
from app.security.callers import Level
from app.serving.predictions import Pair, predict

routes = router("recommendations")


@routes.post("/predictions", responses=CHANGING, operation_id="predict")
def predict_stars(body: PredictionRequest, worker: WorkerDep, caller: CallerDep) -> Predictions:
    """The stars that people would give to items. Viewers may ask for their own."""
    for user_id in {pair.user_id for pair in body.pairs}:
        caller.require_person(user_id, Level.READ)
    version, predicted = predict(worker, [Pair(pair.user_id, pair.item_id) for pair in body.pairs])
    return Predictions(
        model_version=version, predictions=[Prediction(**stars._asdict()) for stars in predicted]
    )
