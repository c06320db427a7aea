"""What `configs/` says now: it may be changed, and spoilt, while the service runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.serving.worker import Worker
from marquee.domain.errors import ConfigurationError, Unavailable
from marquee.settings import Policy, load_policy


def policy_of(worker: Worker) -> Policy:
    """`policy.yaml`; raises Unavailable, naming the key, where it is wrong."""
    with unavailable_when_wrong():
        return load_policy(worker.settings.configs_dir / "policy.yaml")


@contextmanager
def unavailable_when_wrong() -> Iterator[None]:
    """A file that is wrong is no fault of the request: what needs it is away until somebody mends it."""
    try:
        yield
    except ConfigurationError as error:
        raise Unavailable(error.message, hint=error.hint) from error
