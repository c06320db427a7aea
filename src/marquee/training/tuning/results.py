"""What a study found: a table, the lines for `params.yaml`, and pictures."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from marquee.data.tidy import write_file
from marquee.settings.tuning import Goal, Value
from marquee.training.tuning.pictures import heat_map, sensitivity
from marquee.training.tuning.space import SearchSpace
from marquee.training.tuning.study import StudyFile, TrialRecord

TABLE = "grid_search_results.csv"
HEAT_MAP, SENSITIVITY = "tuning_heat_map", "tuning_sensitivity"


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """A study as it stands.

    Attributes:
        trials: those that have ended, in their order, interrupted ones too.
        best: None when no trial is complete.
        importances: share of the differences that each dimension explains, largest first; may be empty.
    """

    name: str
    space: SearchSpace
    goal: Goal
    trials: Sequence[TrialRecord]
    best: TrialRecord | None
    importances: Mapping[str, float]

    @classmethod
    def of(cls, study: StudyFile, space: SearchSpace) -> "Findings":
        return cls(study.name, space, study.goal, study.trials(), study.best(), study.importances())

    @property
    def yaml(self) -> str:
        """The section of `configs/params.yaml` that the best trial asks for; empty without one."""
        if self.best is None:
            return ""
        section = getattr(self.space.params(self.best.values), self.space.role).model_dump()
        return yaml.safe_dump({self.space.role: section}, sort_keys=False)

    def counts(self) -> dict[str, int]:
        """How many trials ended in each state."""
        states = [trial.state for trial in self.trials]
        return {state: states.count(state) for state in ("complete", "pruned", "failed")}

    def to_dict(self) -> dict[str, Any]:
        """In short, as JSON takes it."""
        best = None
        if self.best is not None:
            best = {"trial": self.best.number, "value": self.best.value, "values": dict(self.best.values)}
        return {
            "study": self.name,
            "role": self.space.role,
            "algorithm": self.space.algorithm,
            "goal": self.goal.name,
            "trials": self.counts(),
            "best": best,
            "importances": dict(self.importances),
            "params_yaml": self.yaml,
        }


def write_findings(findings: Findings, outputs: Path) -> list[Path]:
    """Write the table, and the pictures as SVG and PNG if there is something to draw; returns the files."""
    outputs.mkdir(parents=True, exist_ok=True)
    table = outputs / TABLE
    write_file(table, _csv(findings).encode())
    files = [table]
    for name, figure in ((HEAT_MAP, heat_map(findings)), (SENSITIVITY, sensitivity(findings))):
        for path in (outputs / f"{name}.svg", outputs / f"{name}.png"):
            path.unlink(missing_ok=True)  # a picture of another study does not stay beside this one's table
            if figure is not None:
                figure.savefig(path, dpi=110)
                files.append(path)
    return files


def _csv(findings: Findings) -> str:
    """A row a trial, the best first, those without a value last."""
    paths = list(findings.space.dimensions)
    folds = max((len(trial.folds) for trial in findings.trials), default=0)
    header = ["trial", "state", findings.goal.name, *(f"fold_{fold + 1}" for fold in range(folds)), *paths]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*header, "seconds", "started_at", "reason", "mlflow_run_id"])
    for trial in sorted(findings.trials, key=lambda trial: _place(trial, findings.goal)):
        table.writerow(
            [
                trial.number,
                trial.state,
                *_numbers([trial.value], 1),
                *_numbers(trial.folds, folds),
                *(trial.values.get(path, "") for path in paths),
                f"{trial.seconds:.2f}",
                trial.started_at.isoformat(timespec="seconds"),
                trial.reason,
                trial.run_id or "",
            ]
        )
    return text.getvalue()


def _place(trial: TrialRecord, goal: Goal) -> tuple[bool, float, int]:
    value = trial.value or 0.0
    return trial.value is None, value if goal.lower_is_better else -value, trial.number


def _numbers(values: Sequence[float | None], width: int) -> list[str]:
    texts = ["" if value is None else f"{value:.6f}" for value in values]
    return texts + [""] * (width - len(texts))


def shown(values: Mapping[str, Value]) -> str:
    """`n_factors 100, reg_all 0.05`: for a line on the screen."""
    return ", ".join(
        f"{path.partition('.')[2]} {value:.4g}"
        if isinstance(value, float)
        else f"{path.partition('.')[2]} {value}"
        for path, value in values.items()
    )
