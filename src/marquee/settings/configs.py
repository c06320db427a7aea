"""All of `configs/*.yaml` at once."""

from collections.abc import Callable, Mapping
from pathlib import Path

from marquee.domain.errors import ConfigurationError
from marquee.settings.card import load_card_words
from marquee.settings.params import load_params
from marquee.settings.policy import load_policy
from marquee.settings.serving import load_serving

FILES: Mapping[str, Callable[[Path], object]] = {
    "card.yaml": load_card_words,  # the one that may be missing
    "params.yaml": load_params,
    "policy.yaml": load_policy,
    "serving.yaml": load_serving,
}


def check_configs(folder: Path) -> None:
    """Read every file; raises one ConfigurationError that names each wrong one."""
    wrong = [error for name, load in FILES.items() if (error := _error_of(folder / name, load))]
    if wrong:
        hints = dict.fromkeys(error.hint for error in wrong if error.hint)
        raise ConfigurationError(" ".join(error.message for error in wrong), hint=" ".join(hints))


def _error_of(path: Path, load: Callable[[Path], object]) -> ConfigurationError | None:
    try:
        load(path)
    except ConfigurationError as error:
        return error
    return None
