"""How well stars are predicted: the configured SVD beside its library's defaults, on the same folds."""

from pathlib import Path

from surprise import SVD

from benchmarks.report import Row, at_most, plain
from benchmarks.stack import running
from benchmarks.surprise_models import cross_validated
from marquee.evaluation.protocols import cv5_rmse
from marquee.settings import load_params, load_settings
from marquee.store import ratings
from marquee.store.engine import connect

FOLDS, SEED = 5, 0
LIMIT_RMSE = 0.915


def measure(home: Path) -> list[Row]:
    """Five random folds of MovieLens 100K, seed 0, every rating counting the same, clipped to the scale."""
    with running(home) as stack:
        settings = load_settings(stack.environment)
        engine = connect(settings.database(), application_name="marquee-benchmark")
        with engine.connect() as connection:
            frame = ratings.load_frame(connection)
        engine.dispose()
    tuned = cv5_rmse(frame, load_params(settings.configs_dir / "params.yaml").rating, folds=FOLDS, seed=SEED)
    if tuned.trained is None:
        raise TypeError("configs/params.yaml chooses a rating model without user factors; this is of svd")
    defaults, _ = cross_validated(frame, lambda: SVD(random_state=SEED), FOLDS, SEED)
    library = ("Surprise's SVD, defaults", defaults)
    return [
        at_most("SVD tuned, ML-100K, 5-fold RMSE", tuned.trained, "stars", LIMIT_RMSE, peer=library),
        plain("the same, users folded in as serving does", tuned.folded_in, "stars"),
    ]
