"""Which options are best: a few drawn at random, each judged by every fifth training row."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, Field, MlopsError, ModelError
from mlops_plugins.api.contracts.tune import Trial
from mlops_plugins.toolkit import files, scoring, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from mlops_plugins import Context
    from mlops_plugins.api.contracts.train import Train
    from mlops_plugins.api.contracts.tune import Trainer

TRAIN, JUDGE = "train.parquet", "judge.parquet"


class Draws(Component):
    """Draws options from what the trainer suggests; the first draw that none beats wins."""

    draws: int = Field(3, ge=1, description="How many options are tried.")

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Try each draw, and write the best."""
        import numpy as np

        generator = np.random.default_rng(context.seed)
        drawn = [_draw(trainer.space, generator) for _ in range(self.draws)]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            whole = tables.read(features / TRAIN)
            judges = np.arange(whole.num_rows) % 5 == 4
            tables.write(whole.filter(~judges), folder / TRAIN)
            tables.write(whole.filter(judges), folder / JUDGE)
            trials = [
                _tried(
                    context,
                    trainer.make(options),
                    Trial(number=i, state="failed", options=options),
                    folder,
                )
                for i, options in enumerate(drawn)
            ]
        complete = [trial for trial in trials if trial.value is not None]
        if not complete:
            raise ModelError(
                f"No draw could be judged: {trials[0].reason}",
                where=f"train: {trainer.name}",
                next_step="choose `tune: none`, and look at what the trainer says",
            )
        best = max(complete, key=lambda trial: trial.value or 0.0)
        files.write_json(output / "best.json", {"train": trainer.name, "options": best.options})
        metric = scoring.PRIMARY[context.data.task]
        files.write_json(
            output / "trials.json", {"metric": metric, "trials": list(map(vars, trials))}
        )


def _draw(space: Mapping[str, Mapping[str, Any]], generator: np.random.Generator) -> dict[str, Any]:
    return {name: _drawn(where, generator.random()) for name, where in space.items()}


def _drawn(where: Mapping[str, Any], place: float) -> Any:
    """Return the value at a place between 0 and 1."""
    if "choices" in where:
        return where["choices"][int(place * len(where["choices"]))]
    low, high = where["low"], where["high"]
    value = low * (high / low) ** place if where.get("log") else low + (high - low) * place
    return int(value) if isinstance(low, int) and isinstance(high, int) else float(value)


def _tried(context: Context, trainer: Train, begun: Trial, folder: Path) -> Trial:
    described = vars(begun)
    try:
        trainer.train(context, features=folder, output=folder / str(begun.number))
        value = _metric(context, trainer.load(folder / str(begun.number)), folder)
    except (MlopsError, ValueError) as error:
        return Trial(**{**described, "reason": str(error)})
    return Trial(**{**described, "state": "complete", "value": value, "folds": (value,)})


def _metric(context: Context, predictor: Any, folder: Path) -> float:
    judged = tables.read_frame(folder / JUDGE)
    target = judged.pop(context.data.target)
    classes = None
    if context.data.task != "regression":
        classes = sorted(set(tables.read(folder / TRAIN)[context.data.target].to_pylist()))
    truth = scoring.positions(target, classes)
    function = scoring.functions(context.data.task)[scoring.PRIMARY[context.data.task]]
    return float(function(truth, predictor.scores(judged)))
