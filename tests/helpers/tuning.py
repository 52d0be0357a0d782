"""A trainer that learns nothing: its options alone decide how well it predicts `y = 3 x`."""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlops_plugins import Context, Field
from mlops_plugins.api.component import Component, parse
from mlops_plugins.api.context import Data
from mlops_plugins.api.contracts.tune import Trainer
from mlops_plugins.artifacts import files, tables
from mlops_plugins.config.option_tree import merged
from mlops_plugins.stages.tune.journal import FOLDER
from mlops_plugins.stages.tune.optuna import Optuna

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROWS = 240
BEST = 3.0
SEEN = "seen.jsonl"


class Line(Component):
    """Predicts `slope` times x."""

    slope: float = Field(1.0, description="The slope; 3 is right.")
    power: int = Field(1, ge=1, le=3, description="The power of x; 1 is right.")
    sign: str = Field("plus", pattern="^(plus|minus)$", description="The sign; plus is right.")
    parameters: dict[str, Any] = Field({}, description="`shift` is added; 0 is right.")
    library: str | None = Field(None, description="What it imports to train.")
    refuse: float = Field(99.0, description="A slope above it is refused.")

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        if self.library:
            importlib.import_module(self.library)
        if self.slope > self.refuse:
            raise ValueError(f"{self.slope:.0f} is steep")
        frame = tables.read_frame(features / "train.parquet")
        seen = {"x": frame["x"].tolist(), "process": os.getpid(), "slope": self.slope}
        with (context.root / SEEN).open("a") as stream:
            stream.write(json.dumps(seen) + "\n")
        files.write_json(output, self.model_dump())

    def load(self, path: Path) -> Prediction:
        return Prediction(Line(**files.read_json(path)))


@dataclass(frozen=True)
class Prediction:
    line: Line

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        x = features["x"].to_numpy() ** self.line.power
        sign = 1 if self.line.sign == "plus" else -1
        return sign * self.line.slope * x + self.line.parameters.get("shift", 0)


@dataclass(frozen=True)
class Make:
    base: Mapping[str, Any]

    def __call__(self, options: Mapping[str, Any]) -> Line:
        return parse(Line, merged(self.base, options), where="train: line")


SPACE = {"slope": {"low": 0, "high": 6}}


def trainer(space: Mapping[str, Any] = SPACE, *, name: str = "line", **base: Any) -> Trainer:
    return Trainer(name=name, options=Line(**base).model_dump(), space=space, make=Make(base))


def search(
    root: Path, said: list[str] | None = None, *, using: Trainer | None = None, **options: Any
) -> Path:
    """Search in the project at `root`, whose rows are made if there are none; return the output."""
    if not (root / "features").exists():
        write_rows(root)
    optuna = parse(Optuna, {"trials": 12, **options}, where="tune: optuna")
    output = root / "tuning"
    optuna.tune(
        context(root, said),
        features=root / "features",
        splits=root / "splits",
        trainer=using or trainer(),
        output=output,
    )
    return output


def context(root: Path, said: list[str] | None = None) -> Context:
    data = Data(task="regression", target="y")
    say = [].append if said is None else said.append
    return Context(root=root, project="lines", data=data, seed=1, threads=1, log=say)


def timed(given: Context) -> Context:
    return replace(given, data=replace(given.data, time="at"))


def write_rows(root: Path) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    x = generator.permutation(ROWS).astype(float)
    frame = pd.DataFrame({"x": x, "y": BEST * x + generator.normal(0, 5, ROWS)})
    for folder in ("features", "splits"):
        tables.write_frame(frame, root / folder / "train.parquet")
    return frame


def trials(output: Path) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = files.read_json(output / "trials.json")["trials"]
    return read


def found(output: Path) -> dict[str, Any]:
    read: dict[str, Any] = files.read_json(output / "best.json")["options"]
    return read


def seen(root: Path) -> list[dict[str, Any]]:
    """Return what each training of the trainer saw, in order."""
    path = root / SEEN
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def kept(root: Path) -> list[list[dict[str, Any]]]:
    """Return the trials that the journal of each search has."""
    journals = sorted((root / FOLDER).glob("*/trials.jsonl"))
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in journals]
