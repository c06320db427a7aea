"""First starts without sample data: by choice, and where the scale is not one for its stars."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from marquee.settings.environment import CHECKOUT
from tests.running import RunningStack

RATINGS = """user_id,item_id,rating,timestamp
ann,a,1,1700000000
ben,a,1,1700000100
ann,b,0,1700000200
"""


def marquee(stack: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "marquee", *arguments]
    return subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=120, check=False)


def thumbs(folder: Path) -> Path:
    """Configurations with a scale of 0 and 1."""
    shutil.copytree(CHECKOUT / "configs", folder)
    serving = folder / "serving.yaml"
    scale = "rating_scale:\n  min: 0.5\n  max: 5.0\n  step: 0.5\n"
    content = serving.read_text()
    assert scale in content
    serving.write_text(content.replace(scale, "rating_scale: {min: 0, max: 1, step: 1}\n"))
    return folder


def ratings_in(stack: RunningStack) -> int:
    findings = map(json.loads, marquee(stack, "doctor", "--json").stdout.splitlines())
    (said,) = [each["detail"] for each in findings if each["subject"] == "database"]
    return int(said.split()[1])  # "answers; 3 ratings"


@pytest.mark.parametrize(("options", "scale"), [(("--empty",), "stars"), ((), "thumbs")])
def test_an_empty_start_is_ready_and_stays_without_sample_data(
    tmp_path: Path, options: tuple[str, ...], scale: str
) -> None:
    configs = {"MARQUEE_CONFIGS_DIR": str(thumbs(tmp_path / "configs"))} if scale == "thumbs" else {}
    stack = RunningStack.at(tmp_path / "home", **configs)
    try:
        stack.start(*options)
        said = "\n".join(stack.lines)
        assert "No model is deployed: lists show what is popular. Load data with `marquee data load`" in said
        assert ("its stars run from 1 to 5, the rating_scale of serving.yaml from 0 to 1" in said) is (
            scale == "thumbs"
        )
        assert "Not all is well" not in said
        assert ratings_in(stack) == 0
        ready = httpx.get(f"{stack.url}/api/v1/health/ready").json()
        assert {part for part, check in ready["checks"].items() if not check["ok"]} == {"model"}
        stack.stop()
        stack.start()
        assert ratings_in(stack) == 0
        (tmp_path / "ratings.csv").write_text(RATINGS)
        loaded = marquee(stack, "data", "load", str(tmp_path / "ratings.csv"))
        assert (loaded.returncode, ratings_in(stack)) == ((0, 3) if scale == "thumbs" else (10, 2)), (
            loaded.stderr
        )
    finally:
        stack.stop()
