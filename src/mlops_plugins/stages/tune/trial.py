"""Scores one set of options on one fold, by the trainer's contract alone; runs in any process."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_plugins.api.errors import MlopsError
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import tables
from mlops_plugins.config.option_tree import nested
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.tune.cv_folds import TEST, TRAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.train import Predictor
    from mlops_plugins.api.contracts.tune import Trainer


@dataclass(frozen=True)
class Score:
    """The metric on one fold; None, and why, if there is none."""

    value: float | None
    reason: str = ""


def _ignore(*_: Any, **__: Any) -> None:
    """Log nothing: a trial's own lines and metrics would be taken for the search's."""


def silent(context: Context) -> Context:
    """Return the context of trials, which can be sent to another process."""
    return replace(context, log=_ignore, log_metric=_ignore)


def score(context: Context, trainer: Trainer, options: Mapping[str, Any], fold: Path) -> Score:
    """Train on the fold's training rows, and return `scoring.PRIMARY` on its test rows.

    Args:
        context: As `silent` returns it.
        trainer: What is tuned.
        options: What is tried, by the option's name.
        fold: A folder that `cv_folds.write` wrote.

    Raises:
        ConfigurationError: The trainer needs a library that is not installed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mlops-trial-") as folder:
            estimator = Path(folder) / "estimator"
            implementation = trainer.make(nested(options))
            implementation.train(context, features=fold, output=estimator)
            value = _metric(context, implementation.load(estimator), fold)
    except ImportError as error:
        raise plugin_manager().not_installed(Stage.TRAIN, trainer.name, error) from error
    except MlopsError as error:
        return Score(None, error.what)
    except Exception as error:  # noqa: BLE001  any library may refuse any options
        return Score(None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
    if not math.isfinite(value):
        return Score(None, f"{scoring.PRIMARY[context.data.task]} is {value}")
    return Score(value)


def _metric(context: Context, predictor: Predictor, fold: Path) -> float:
    target = context.data.target
    test = _labelled(fold / TEST, target)
    classes = None
    if context.data.task != "regression":
        known = tables.read(fold / TRAIN).column(target).drop_null().unique()
        classes = sorted(known.to_pylist())
        # A class that is not in the fold's training rows has no score.
        test = test[test[target].isin(classes)]
    features = test.drop(columns=[target, context.data.weight or target], errors="ignore")
    scores = np.asarray(predictor.scores(features.reset_index(drop=True)))
    metric = scoring.functions(context.data.task)[scoring.PRIMARY[context.data.task]]
    return float(metric(scoring.positions(test[target], classes), scores))


def _labelled(path: Path, target: str) -> pd.DataFrame:
    frame = tables.read_frame(path)
    return frame[frame[target].notna()]
