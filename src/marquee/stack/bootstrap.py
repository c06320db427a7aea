"""What a new platform needs before it can serve: schema, data, a first model, an operator.

A start that was interrupted goes on where it stopped: every step looks at what is there. The operator comes
last: where there is one, the platform was begun before, and data and model are people's own matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from marquee.data.progress import OnProgress
from marquee.domain.errors import Unavailable
from marquee.registry.client import RegistryClient
from marquee.settings import RatingScale, Settings, load_serving
from marquee.stack.secrets import new_secret
from marquee.store import deployment, operators, ratings
from marquee.store.engine import connect, migrate, waiting_for

OPERATOR = "operator"
OPERATOR_PASSWORD = "operator_password"  # noqa: S105  the name of a secret file
DATABASE_SECONDS = 60.0
MLFLOW_SECONDS = 180.0
SAMPLE_STARS = (1.0, 2.0, 3.0, 4.0, 5.0)  # of MovieLens 100K
NEXT_STEPS = "Load data with `marquee data load`, then make a model with `marquee train`."

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a bootstrap left.

    Attributes:
        password: the operator's, if one was generated now: it is kept nowhere.
        has_model: whether a model is deployed.
    """

    password: str | None
    has_model: bool


def run(settings: Settings, say: Say, *, new_password: bool = False, empty: bool = False) -> Prepared:
    """Do whatever is not done yet.

    Args:
        say: hears one line about each step.
        new_password: give the operator a new password.
        empty: leave a new platform without sample data and without a model.
    """
    engine = connect(settings.database(), application_name="marquee-bootstrap")
    try:
        waiting_for(engine, seconds=DATABASE_SECONDS)
        migrate(engine)
        if not empty and not _was_begun(engine):
            ensure_data(engine, settings, say)
            if _has_ratings(engine):
                ensure_model(engine, settings, say)
        has_model = _has_model(engine)
        if not has_model:
            say(f"No model is deployed: lists show what is popular. {NEXT_STEPS}")
        return Prepared(ensure_operator(engine, settings, say, new_password=new_password), has_model)
    finally:
        engine.dispose()


def ensure_operator(engine: Engine, settings: Settings, say: Say, *, new_password: bool) -> str | None:
    """Make the operator's account, if there is none or a new password is wanted.

    The password is the secret file `operator_password` where there is one (Compose), else generated.

    Returns:
        The password that was generated.
    """
    with engine.begin() as connection:
        if operators.any_exist(connection) and not new_password:
            return None
        say("Making the operator's account")
        if (settings.secrets / OPERATOR_PASSWORD).exists():
            operators.set_password(connection, OPERATOR, settings.secret(OPERATOR_PASSWORD))
            return None
        password = new_secret()
        operators.set_password(connection, OPERATOR, password)
        return password


def ensure_data(engine: Engine, settings: Settings, say: Say) -> None:
    """Fetch and load MovieLens 100K, unless there are ratings, or the scale is not one for its stars.

    Raises:
        Unavailable: it cannot be fetched.
    """
    if _has_ratings(engine):
        return
    scale = load_serving(settings.configs_dir / "serving.yaml").rating_scale
    if not fits_sample(scale):
        say(
            "The sample data, MovieLens 100K, is not loaded: its stars run from 1 to 5, the rating_scale of "
            f"serving.yaml from {scale.min:g} to {scale.max:g} in steps of {scale.step:g}."
        )
        return
    from marquee.data.fetch import fetch_ml_100k  # only a first start has a use for it
    from marquee.data.loading import load

    hear = _once_a_step(say)
    say("Fetching MovieLens 100K")
    fetched = fetch_ml_100k(settings.data_dir, hear)
    say(f"MovieLens 100K is in {fetched.path}, from {fetched.source}")
    report = load(engine, fetched.path, scale=scale, on_progress=hear)
    say(
        f"Loaded {report.ratings.inserted:,} ratings, {report.users.inserted:,} users "
        f"and {report.items.inserted:,} items"
    )


def fits_sample(scale: RatingScale) -> bool:
    """Whether every rating of the sample data is on the scale."""
    return all(scale.accepts(stars) for stars in SAMPLE_STARS)


def _was_begun(engine: Engine) -> bool:
    with engine.connect() as connection:
        return operators.any_exist(connection)


def _has_ratings(engine: Engine) -> bool:
    with engine.connect() as connection:
        return ratings.count(connection) > 0


def _has_model(engine: Engine) -> bool:
    with engine.connect() as connection:
        return deployment.get(connection).champion is not None


def _once_a_step(say: Say) -> OnProgress:
    """Says each step when it begins, not how far it is."""
    said: set[str] = set()

    def hear(step: str, _done: int, _total: int | None, /) -> None:
        if step not in said:
            said.add(step)
            say(step)

    return hear


def ensure_model(engine: Engine, settings: Settings, say: Say) -> None:
    """Train, register and deploy the first model, unless one is deployed.

    Raises:
        Unavailable: MLflow is away, or the model did not pass the policy's gates; says why.
    """
    if _has_model(engine):
        return
    from marquee.training.job import Order, run_now  # MLflow and SciPy: only a first start has a use for them
    from marquee.training.queue import new_run_id

    wait_for_mlflow(settings, say)
    order = Order(trigger="bootstrap", requested_by="bootstrap", reason="The platform had no model.")
    registered = run_now(settings, engine, order, lambda line, _share: say(line), run_id=new_run_id())
    if not registered.deployed:
        raise Unavailable(
            f"Version {registered.version} was trained and not deployed: {registered.note}",
            hint="See configs/policy.yaml.",
        )


def wait_for_mlflow(settings: Settings, say: Say) -> None:
    """Wait until the MLflow server answers; raises Unavailable when it does not in time."""
    say("Waiting for MLflow")
    with RegistryClient(settings.mlflow()) as registry:
        patiently = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_delay(MLFLOW_SECONDS),
            wait=wait_fixed(0.25),
            reraise=True,
        )
        patiently(registry.ping)
