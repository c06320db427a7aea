"""Every notebook runs from its first cell to its last, on a small data set, without a running platform."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from marquee.settings.environment import CHECKOUT
from tests.support.data_files import write
from tests.support.ratings import checkerboard

NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
TUNING = """
validation: {share: 0.3, folds: 2}
spaces:
  svd: {rating.n_factors: {choices: [2, 4]}, rating.reg_all: {low: 0.01, high: 0.1}}
  ease: {ranking.regularization: {low: 1.0, high: 100.0, log: true, points: 5}}
"""
USERS = "user_id,age,gender,occupation\n" + "".join(
    f"u{n:03d},{20 + n},{'FM'[n % 2]},writer\n" for n in range(40)
)
ITEMS = "item_id,title,year,genres\n" + "".join(
    f"i{n:03d},Film {n},{1980 + n},Drama|War\n" for n in range(20)
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A checkout's configuration and data in miniature, for the notebook's kernel."""
    folder = tmp_path_factory.mktemp("notebooks")
    raw = folder / "data" / "raw" / "board"
    raw.mkdir(parents=True)
    write(raw / "ratings.csv", checkerboard().to_csv(index=False))
    write(raw / "users.csv", USERS)
    write(raw / "items.csv", ITEMS)
    configs = folder / "configs"
    configs.mkdir()
    params = yaml.safe_load((CHECKOUT / "configs" / "params.yaml").read_text())
    params["data"]["name"] = "board"
    params["rating"] |= {"n_factors": 4, "n_epochs": 5}
    (configs / "params.yaml").write_text(yaml.safe_dump(params))
    (configs / "tuning.yaml").write_text(TUNING)
    (configs / "serving.yaml").write_text("rating_scale: {min: 1, max: 5, step: 1}\n")
    return {
        "MARQUEE_HOME": str(folder / "home"),
        "MARQUEE_CONFIGS_DIR": str(configs),
        "MARQUEE_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_end_to_end(
    path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("MARQUEE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=240,
        kernel_name=_kernel(tmp_path, monkeypatch),
        resources={"metadata": {"path": tmp_path}},
    )
    client.execute()
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    assert all(cell.execution_count for cell in ran)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


def _kernel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of this very environment, whatever is installed for the account."""
    spec = folder / "kernels" / "marquee-tests"
    spec.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "tests", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return "marquee-tests"
