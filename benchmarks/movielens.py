"""MovieLens 100K from its files, and what every protocol needs besides."""

import subprocess
import sys

from benchmarks.machine import CHECKOUT
from benchmarks.progress import say
from marquee.evaluation.contest import Data, Rules
from marquee.settings import load_params
from marquee.settings.params import Params, SvdParams
from marquee.settings.serving import load_serving
from marquee.training.evaluation.data import of_folder

FOLDER = CHECKOUT / "data" / "raw" / "ml-100k"
CONFIGS = CHECKOUT / "configs"


def movielens() -> Data:
    """All of it, fetched first where it is missing."""
    if not (FOLDER / "ratings.csv").exists():
        say("fetching MovieLens 100K")
        fetch = (sys.executable, "-m", "marquee", "data", "fetch", "ml-100k")
        subprocess.run(fetch, cwd=CHECKOUT, check=True)
    return of_folder(FOLDER, load_serving(CONFIGS / "serving.yaml").rating_scale).data


def rules() -> Rules:
    """The scale of the inference service, ten places, four stars."""
    return Rules(load_serving(CONFIGS / "serving.yaml"))


def configured() -> Params:
    """configs/params.yaml."""
    return load_params(CONFIGS / "params.yaml")


def svd_params() -> SvdParams:
    """SVD's hyperparameters in configs/params.yaml; raises TypeError when it chooses another rating model."""
    rating = configured().rating
    if not isinstance(rating, SvdParams):
        raise TypeError(f"configs/params.yaml chooses {rating.algorithm}; this benchmark is of svd")
    return rating
