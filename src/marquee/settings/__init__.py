"""Typed configuration: the environment (`MARQUEE_*`), secret files and `configs/*.yaml`."""

from marquee.settings.configs import check_configs
from marquee.settings.environment import MlflowConnection, Settings, load_settings
from marquee.settings.params import Params, load_params
from marquee.settings.policy import Policy, load_policy
from marquee.settings.serving import RatingScale, Serving, load_serving
from marquee.settings.tuning import Tuning, load_tuning

__all__ = [
    "MlflowConnection",
    "Params",
    "Policy",
    "RatingScale",
    "Serving",
    "Settings",
    "Tuning",
    "check_configs",
    "load_params",
    "load_policy",
    "load_serving",
    "load_settings",
    "load_tuning",
]
