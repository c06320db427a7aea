"""`python -m retraining`: reads the settings, wires the parts, and goes round until a signal comes."""

import logging
import signal
import sys
from types import FrameType

from marquee.domain.errors import MarqueeError
from marquee.registry.client import RegistryClient
from marquee.settings import Policy, Serving, Settings, load_policy, load_serving, load_settings
from marquee.settings.logs import configure_logs
from marquee.store.engine import connect
from marquee.store.leadership import Leadership
from retraining.health import HealthServer, create_app
from retraining.jobs import Jobs
from retraining.outages import MLFLOW_ERRORS, POSTGRES_ERRORS, Outage
from retraining.runner import Runner
from retraining.service import Service
from retraining.status import Metrics, Status

logger = logging.getLogger("retraining")

MLFLOW_START_SECONDS = 60.0  # it starts at the same time as this service, and takes longer
REGISTRY_SECONDS = 5.0  # the jobs ask again soon: no reason to wait long


def main() -> int:
    """Run the service; returns the exit status."""
    try:
        settings = load_settings()
        policy = load_policy(settings.configs_dir / "policy.yaml")
        serving = load_serving(settings.configs_dir / "serving.yaml")
        configure_logs(settings.log_level, settings.log_format)
        _serve(settings, policy, serving)
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def _serve(settings: Settings, policy: Policy, serving: Serving) -> None:
    status = Status()
    metrics = Metrics(status)
    postgres = Outage("Postgres", POSTGRES_ERRORS, lambda reason: setattr(status, "postgres", reason))
    mlflow = Outage(
        "MLflow", MLFLOW_ERRORS, lambda reason: setattr(status, "mlflow", reason), grace=MLFLOW_START_SECONDS
    )
    engine = connect(settings.database(), application_name="marquee-retraining", pool_size=8)
    with RegistryClient(settings.mlflow(), patience=REGISTRY_SECONDS) as registry:
        jobs = Jobs(engine, registry, policy, status, metrics, postgres, mlflow, serving=serving)
        runner = Runner(engine, registry, status, metrics, mlflow)
        service = Service(Leadership(engine), runner, jobs, status, postgres)
        with HealthServer(create_app(status, metrics), settings.host, settings.retraining_port) as health:
            logger.info("Health and metrics are served on http://%s:%s.", settings.host, health.port)
            _stop_on_signals(service)
            service.run()


def _stop_on_signals(service: Service) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
