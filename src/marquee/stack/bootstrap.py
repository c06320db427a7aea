"""What a new platform needs before it can serve: schema, data, a first model, an operator.

A start that was interrupted goes on where it stopped: every step looks at what is there.
"""

from collections.abc import Callable

from sqlalchemy import Engine
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from marquee.data.progress import OnProgress
from marquee.domain.errors import Unavailable
from marquee.registry.client import RegistryClient
from marquee.settings import Settings, load_serving
from marquee.stack.secrets import new_secret
from marquee.store import connect, deployment, migrate, operators, ratings, waiting_for

OPERATOR = "operator"
OPERATOR_PASSWORD = "operator_password"  # noqa: S105  the name of a secret file
DATABASE_SECONDS = 60.0
MLFLOW_SECONDS = 180.0

Say = Callable[[str], None]


def run(settings: Settings, say: Say, *, new_password: bool = False) -> str | None:
    """Do whatever is not done yet.

    Args:
        say: hears one line about each step.
        new_password: give the operator a new password.

    Returns:
        The operator's password if one was generated now: it is kept nowhere.
    """
    engine = connect(settings.database(), application_name="marquee-bootstrap")
    try:
        waiting_for(engine, seconds=DATABASE_SECONDS)
        migrate(engine)
        ensure_data(engine, settings, say)
        ensure_model(engine, settings, say)
        return ensure_operator(engine, settings, say, new_password=new_password)
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
    """Fetch and load MovieLens 100K, unless there are ratings.

    Raises:
        Unavailable: it cannot be fetched.
    """
    with engine.connect() as connection:
        if ratings.count(connection):
            return
    from marquee.data.fetch import fetch_ml_100k  # only a first start has a use for it
    from marquee.data.loading import load

    hear = _once_a_step(say)
    say("Fetching MovieLens 100K")
    fetched = fetch_ml_100k(settings.data_dir, hear)
    say(f"MovieLens 100K is in {fetched.path}, from {fetched.source}")
    scale = load_serving(settings.configs_dir / "serving.yaml").rating_scale
    report = load(engine, fetched.path, scale=scale, on_progress=hear)
    say(
        f"Loaded {report.ratings.inserted:,} ratings, {report.users.inserted:,} users "
        f"and {report.items.inserted:,} items"
    )


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
    with engine.connect() as connection:
        if deployment.get(connection).champion is not None:
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
