"""What a new platform needs before it can serve: schema, data, a first model, an operator.

A start that was interrupted goes on where it stopped: every step looks at what is there.
"""

from collections.abc import Callable

from sqlalchemy import Engine

from marquee.domain.errors import Unavailable
from marquee.settings import Settings
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
    """Fetch and load the sample data set, unless there are ratings."""


def ensure_model(engine: Engine, settings: Settings, say: Say) -> None:
    """Train, register and deploy the first model, unless one is deployed."""
